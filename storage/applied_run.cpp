#include "storage/applied_run.hpp"

#include <algorithm>
#include <cstring>

#include "protocol/envelope.hpp"
#include "protocol/merged.hpp"

namespace troupe::storage {

namespace {

constexpr std::size_t header_bytes = 10;
constexpr std::size_t table_slots_min = 256;
// A run of one large entry: its memory is given back.
constexpr std::size_t kept_bytes_max = 1024 * 1024;

std::uint64_t hash_of(column c, std::string_view key) {
  return checksum64(key) ^ (static_cast<std::uint64_t>(c) * 0x9e37'79b9'7f4a'7c15ULL);
}

}  // namespace

applied_run::parts applied_run::read_at(std::string_view bytes, std::size_t at) {
  std::uint32_t key_size = 0, value_size = 0;
  std::memcpy(&key_size, bytes.data() + at + 2, 4);
  std::memcpy(&value_size, bytes.data() + at + 6, 4);
  return {static_cast<kind>(bytes[at]), static_cast<column>(bytes[at + 1]),
          bytes.substr(at + header_bytes, key_size), bytes.substr(at + header_bytes + key_size, value_size)};
}

void applied_run::each_change(std::string_view changes, const change_visitor& visit) {
  for (std::size_t at = 0; at < changes.size();) {
    auto p = read_at(changes, at);
    visit(p.what, p.where, p.key, p.value);
    at += header_bytes + p.key.size() + p.value.size();
  }
}

std::size_t applied_run::whole_changes(std::string_view changes, std::size_t bytes_max) {
  std::size_t end = 0;
  while (end < changes.size()) {
    auto p = read_at(changes, end);
    auto next = end + header_bytes + p.key.size() + p.value.size();
    if (end != 0 && next > bytes_max) break;
    end = next;
  }
  return end;
}

std::size_t applied_run::slot_of(std::uint64_t hash, column c, std::string_view key) const {
  auto mask = table_.size() - 1;
  for (auto slot = hash & mask;; slot = (slot + 1) & mask) {
    if (table_[slot] == 0) return slot;
    auto& o = ops_[table_[slot] - 1];
    if (o.hash != hash) continue;
    auto p = read(o);
    if (p.where == c && p.key.substr(prefix_.size()) == key) return slot;
  }
}

void applied_run::grow() {
  auto before = std::move(table_);
  table_.assign(std::max(table_slots_min, before.size() * 2), 0);
  auto mask = table_.size() - 1;
  for (auto number : before) {
    if (number == 0) continue;
    auto slot = ops_[number - 1].hash & mask;
    while (table_[slot] != 0) slot = (slot + 1) & mask;
    table_[slot] = number;
  }
}

void applied_run::add(kind what, column c, std::string_view key, std::string_view value) {
  if (keys_ * 2 >= table_.size()) grow();
  auto hash = hash_of(c, key);
  auto slot = slot_of(hash, c, key);
  op o{bytes_.size(), hash, what == kind::merge ? table_[slot] : 0};
  keys_ += table_[slot] == 0 ? 1 : 0;

  char header[header_bytes] = {static_cast<char>(what), static_cast<char>(c)};
  auto key_size = static_cast<std::uint32_t>(prefix_.size() + key.size());
  auto value_size = static_cast<std::uint32_t>(value.size());
  std::memcpy(header + 2, &key_size, 4);
  std::memcpy(header + 6, &value_size, 4);
  bytes_.append(header, header_bytes).append(prefix_).append(key).append(value);
  ops_.push_back(o);
  table_[slot] = static_cast<std::uint32_t>(ops_.size());
}

std::optional<std::optional<std::string_view>> applied_run::find(column c, std::string_view key) const {
  if (ops_.empty()) return std::nullopt;
  auto number = table_[slot_of(hash_of(c, key), c, key)];
  if (number == 0) return std::nullopt;
  auto found = read(ops_[number - 1]);
  must(found.what != kind::merge, "nobody reads what is merged before it is handed over");
  if (found.what == kind::erase) return std::optional<std::string_view>();
  return found.value;
}

std::vector<std::string_view> applied_run::merges(column c, std::string_view key) const {
  std::vector<std::string_view> found;
  if (ops_.empty()) return found;
  for (auto number = table_[slot_of(hash_of(c, key), c, key)]; number != 0;
       number = ops_[number - 1].earlier) {
    auto p = read(ops_[number - 1]);
    must(p.what == kind::merge, "what is merged is neither put nor erased");
    found.push_back(p.value);
  }
  std::reverse(found.begin(), found.end());
  return found;
}

void applied_run::stage(kv_batch& batch) const {
  std::vector<std::pair<parts, std::uint32_t>> latest;
  latest.reserve(keys_);
  for (auto number : table_)
    if (number != 0) latest.emplace_back(read(ops_[number - 1]), number);
  std::sort(latest.begin(), latest.end(), [](const auto& a, const auto& b) {
    if (a.first.where != b.first.where) return a.first.where < b.first.where;
    return a.first.key < b.first.key;
  });
  std::vector<std::string_view> merged;
  for (auto& [last, number] : latest) {
    auto first = last;
    merged.clear();
    for (auto at = number; first.what == kind::merge;) {
      merged.push_back(first.value);
      at = ops_[at - 1].earlier;
      if (at == 0) break;
      first = read(ops_[at - 1]);
    }
    if (first.what == kind::put) batch.put(last.where, last.key, first.value);
    if (first.what == kind::erase) batch.erase(last.where, last.key);
    if (merged.size() == 1) batch.merge(last.where, last.key, merged.front());
    if (merged.size() <= 1) continue;
    std::reverse(merged.begin(), merged.end());
    auto sum = merge_values(static_cast<family>(last.where), merged);
    must(sum.has_value(), "a machine merges what can be read");
    batch.merge(last.where, last.key, *sum);
  }
}

void applied_run::clear() {
  if (bytes_.capacity() > kept_bytes_max) {
    *this = applied_run(std::string(prefix_));
    return;
  }
  bytes_.clear();
  ops_.clear();
  std::fill(table_.begin(), table_.end(), 0);
  keys_ = 0;
}

}  // namespace troupe::storage
