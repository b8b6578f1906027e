#include "storage/kv.hpp"

#include <array>

namespace troupe::storage {

std::string_view name_of(column c) {
  static constexpr std::array<std::string_view, column_count> names = {
      "state", "history", "events", "rollups", "outbox", "log", "meta", "incoming"};
  return names[static_cast<std::size_t>(c)];
}

std::string shard_key(shard_id shard, std::string_view rest) {
  std::string key;
  key.reserve(2 + rest.size());
  key.push_back(static_cast<char>(shard.value >> 8));
  key.push_back(static_cast<char>(shard.value & 0xff));
  key.append(rest);
  return key;
}

std::optional<std::string> shard_records::get(family f, std::string_view key) const {
  return store_.get(column_of(f), shard_key(shard_, key));
}

std::string shard_records::upper_bound(std::string_view to) const {
  return to.empty() ? shard_key(shard_id(static_cast<std::uint16_t>(shard_.value + 1)))
                    : shard_key(shard_, to);
}

void shard_records::scan(family f, std::string_view from, std::string_view to, const visitor& visit) const {
  store_.scan(column_of(f), shard_key(shard_, from), upper_bound(to),
              [&](std::string_view key, std::string_view value) { return visit(key.substr(2), value); });
}

void shard_records::scan_down(family f, std::string_view from, std::string_view to,
                              const visitor& visit) const {
  store_.scan_down(column_of(f), shard_key(shard_, from), upper_bound(to),
                   [&](std::string_view key, std::string_view value) { return visit(key.substr(2), value); });
}

}  // namespace troupe::storage
