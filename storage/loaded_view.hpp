// The records a command named, loaded from the store: the machine's view.
#pragma once

#include <algorithm>

#include "storage/kv.hpp"

namespace troupe::storage {

class loaded_view final : public view {
 public:
  loaded_view(const kv_reader& store, shard_id shard, const read_set& keys) {
    keys_.reserve(keys.keys().size());
    for (auto& [f, key] : keys.keys()) keys_.emplace_back(column_of(f), shard_key(shard, key));
    std::sort(keys_.begin(), keys_.end());
    keys_.erase(std::unique(keys_.begin(), keys_.end()), keys_.end());
    values_ = store.get_all(keys_);
    shard_ = shard;
  }

  std::optional<std::string_view> get(family f, std::string_view key) const override {
    auto wanted = std::pair{column_of(f), shard_key(shard_, key)};
    auto at = std::lower_bound(keys_.begin(), keys_.end(), wanted);
    if (at == keys_.end() || *at != wanted)
      throw machine_fault("a machine looked at a record that it had not named");
    auto& value = values_[static_cast<std::size_t>(at - keys_.begin())];
    if (!value) return std::nullopt;
    return *value;
  }

 private:
  shard_id shard_;
  std::vector<std::pair<column, std::string>> keys_;
  std::vector<std::optional<std::string>> values_;
};

}  // namespace troupe::storage
