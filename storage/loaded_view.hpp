// The records a command named, loaded from what was applied last and the store: the machine's view. A window of ids is
// loaded if one of the ids named with it may be in it: else it is as if there were none.
#pragma once

#include <algorithm>
#include <set>

#include "protocol/id_window.hpp"
#include "storage/applied_run.hpp"
#include "storage/recent_ids.hpp"
#include "storage/record_cache.hpp"

namespace troupe::storage {

class loaded_view final : public view {
 public:
  // 'keys' must outlive it.
  loaded_view(const kv_reader& store, const applied_run& run, const recent_ids& recent, record_cache& cache,
              shard_id shard, const read_set& keys) {
    records_.reserve(keys.keys().size());
    for (auto& [f, key] : keys.keys()) records_.push_back({f, key, {}});
    std::sort(records_.begin(), records_.end(), before);
    records_.erase(std::unique(records_.begin(), records_.end(), same), records_.end());
    std::vector<std::pair<column, std::string>> wanted;
    std::vector<std::size_t> places;
    std::set<std::string> doubtful;  // windows, which come after the ids
    wanted.reserve(records_.size());
    places.reserve(records_.size());
    auto want = [&](std::size_t i) {
      wanted.emplace_back(column_of(records_[i].in), shard_key(shard, records_[i].key));
      places.push_back(i);
    };
    for (std::size_t i = 0; i < records_.size(); ++i) {
      auto& r = records_[i];
      if (r.in == family::events) {
        if (recent.is_new(r.key)) continue;
        if (auto window = id_window::key_beside(r.key)) doubtful.insert(std::move(*window));
        if (is_window(r)) {
          if (doubtful.count(std::string(r.key)) != 0) want(i);
          continue;
        }
      }
      if (auto known = run.find(column_of(r.in), r.key)) {
        if (*known) r.value.emplace(**known);
        continue;
      }
      if (auto* known = r.in == family::state ? cache.find(r.key) : nullptr) {
        r.value = *known;
        continue;
      }
      want(i);
    }
    auto values = store.get_all(wanted);
    for (std::size_t i = 0; i < places.size(); ++i) {
      auto& r = records_[places[i]];
      r.value = std::move(values[i]);
      if (is_window(r)) add_merges(r, run);
      if (r.in == family::state) cache.note(r.key, r.value);
    }
  }

  std::optional<std::string_view> get(family f, std::string_view key) const override {
    auto at = std::lower_bound(records_.begin(), records_.end(), std::pair{f, key},
                               [](const record& r, const auto& k) {
                                 return std::pair{r.in, r.key} < k;
                               });
    if (at == records_.end() || at->in != f || at->key != key)
      throw machine_fault("a machine looked at a record that it had not named");
    if (!at->value) return std::nullopt;
    return *at->value;
  }

 private:
  struct record {
    family in;
    std::string_view key;  // of the read_set
    std::optional<std::string> value;
  };
  static bool is_window(const record& r) {
    return r.in == family::events && !r.key.empty() &&
           static_cast<record_tag>(r.key[0]) == record_tag::event_id_window;
  }
  static void add_merges(record& r, const applied_run& run) {
    for (auto group : run.merges(column_of(r.in), r.key)) {
      if (!r.value) r.value.emplace();
      r.value->append(group);
    }
  }
  static bool before(const record& a, const record& b) {
    return std::pair{a.in, a.key} < std::pair{b.in, b.key};
  }
  static bool same(const record& a, const record& b) { return a.in == b.in && a.key == b.key; }

  std::vector<record> records_;
};

}  // namespace troupe::storage
