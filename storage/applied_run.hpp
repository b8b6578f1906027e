// What a shard has applied and its store does not show yet: the changes of a run of entries, handed over as one batch
// in which each key stands once and in order. So counters, activities and rollups that every entry touches are
// written once a run, and the store's sorted memory is filled along the keys. Owned by the applier.
//
// Invariants: what is found here hides what the store says; of a key that was merged, merges() must be asked. Keys are
// given without the shard, which stands in front of all of them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/kv.hpp"

namespace troupe::storage {

class applied_run {
 public:
  explicit applied_run(shard_id shard) : prefix_(shard_key(shard)) {}

  void put(column c, std::string_view key, std::string_view value) { add(kind::put, c, key, value); }
  void erase(column c, std::string_view key) { add(kind::erase, c, key, {}); }
  // 'value' is what merge_values() takes.
  void merge(column c, std::string_view key, std::string_view value) { add(kind::merge, c, key, value); }

  // Nothing: ask the store. An inner nothing: the key was erased. Valid until the next change.
  std::optional<std::optional<std::string_view>> find(column c, std::string_view key) const;

  // What is to be merged into the record, the earlier first. Of a key that is only merged.
  std::vector<std::string_view> merges(column c, std::string_view key) const;

  bool empty() const { return ops_.empty(); }
  std::size_t bytes() const { return bytes_.size(); }
  // The changes since the run had 'from' bytes, in the order they were made: the same on every replica.
  std::string_view changes(std::size_t from) const { return std::string_view(bytes_).substr(from); }

  // Of such changes: how many bytes from the front on are whole ones, at most 'bytes_max' or one.
  static std::size_t whole_changes(std::string_view changes, std::size_t bytes_max);
  enum class kind : std::uint8_t { put, erase, merge };
  // Keys with the shard in front.
  using change_visitor = std::function<void(kind, column, std::string_view key, std::string_view value)>;
  static void each_change(std::string_view changes, const change_visitor& visit);

  void stage(kv_batch& batch) const;
  void clear();

 private:
  struct op {
    std::size_t at = 0;  // in bytes_: kind, column, sizes of key and value, key with the shard, value
    std::uint64_t hash = 0;
    std::uint32_t earlier = 0;  // of a merge: number of the op on the same key that it adds to, 0: none
  };
  struct parts {
    kind what;
    column where;
    std::string_view key, value;
  };

  explicit applied_run(std::string prefix) : prefix_(std::move(prefix)) {}
  void add(kind what, column c, std::string_view key, std::string_view value);
  parts read(const op& o) const { return read_at(bytes_, o.at); }
  static parts read_at(std::string_view bytes, std::size_t at);
  // The slot of the table that holds the key's latest op, or where it would go.
  std::size_t slot_of(std::uint64_t hash, column c, std::string_view key) const;
  void grow();

  std::string prefix_, bytes_;
  std::vector<op> ops_;
  std::vector<std::uint32_t> table_;  // hash table: number of an op, 0: free. Its size is a power of two
  std::size_t keys_ = 0;
};

}  // namespace troupe::storage
