// What a replica keeps of its log in memory: for every entry its term and which write made it, and the payloads of the
// recent ones. The log itself is on disk.
//
// Owner: one replica. Pure. Invariants: indexes are contiguous from first() to last(); payloads are cached from
// cached_from() to last() without a hole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <span>
#include <vector>

#include "storage/raft/replica.hpp"

namespace troupe {

class entry_log {
 public:
  entry_log(log_index first, const std::vector<stored_entry>& entries);

  log_index first() const { return first_; }
  // first() - 1 when empty.
  log_index last() const { return log_index{first_.value + slots_.size() - 1}; }
  bool has(log_index i) const { return i >= first_ && i <= last(); }
  // 0 if not here.
  term term_at(log_index i) const { return has(i) ? slot_at(i).record.term : term{}; }
  // Number of the write that made the entry; 0 for those found on disk.
  std::uint64_t write_of(log_index i) const { return slot_at(i).write; }

  // Drops everything from 'first' on, then appends.
  void replace_from(log_index first, std::span<const log_record> records, std::uint64_t write);
  void drop_before(log_index first);
  void reset(log_index first);

  log_index cached_from() const { return cached_from_; }
  std::size_t cached_bytes() const { return cached_bytes_; }
  // Only of cached entries.
  const log_record& record(log_index i) const { return slot_at(i).record; }
  std::size_t bytes_at(log_index i) const { return slot_at(i).bytes; }
  // Forgets payloads, oldest first, of entries up to 'releasable', until 'bytes_max' or fewer are cached.
  void evict(log_index releasable, std::size_t bytes_max);

  // At least the size of the largest payload in the log.
  std::size_t largest_bytes() const;

 private:
  struct slot {
    log_record record;
    std::uint64_t write = 0;
    std::uint32_t bytes = 0;
  };
  // Sizes are remembered per run of this many indexes, so that one large entry is forgotten in time.
  static constexpr std::uint64_t run = 1024;

  slot& slot_at(log_index i) { return slots_[i.value - first_.value]; }
  const slot& slot_at(log_index i) const { return slots_[i.value - first_.value]; }
  void note_size(log_index i, std::uint32_t bytes);

  log_index first_;
  std::deque<slot> slots_;
  log_index cached_from_;
  std::size_t cached_bytes_ = 0;
  std::map<std::uint64_t, std::uint32_t> largest_of_run_;
};

}  // namespace troupe
