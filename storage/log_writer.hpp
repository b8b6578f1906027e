// The node's one writer of log records: gathers what all shards append, writes it in the order it came, and makes it
// durable with one sync (group commit). Owns a thread; everything else of the store is written by the shards.
// While there is little to write a caller's thread does it: two threads that wake each other cost a single event as much
// as the disk does.
//
// Invariant: completions run in the order of the writes, each after all of its write and all before it are durable.
// What a failure means for what is queued behind it: log_queue.hpp.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "storage/log_queue.hpp"

namespace troupe::storage {

class log_writer {
 public:
  // Runs on the thread that wrote: hand over, don't work there.
  using completion = log_queue::completion;

  struct statistics {
    std::uint64_t syncs = 0, batches = 0, bytes = 0, failures = 0;
  };

  explicit log_writer(kv& store);
  // Writes what was handed over before, then stops.
  ~log_writer();
  log_writer(const log_writer&) = delete;
  log_writer& operator=(const log_writer&) = delete;

  // Before a shard reads its log. Returns when nothing of the shard's earlier lane is being written any more.
  log_lane open(shard_id shard);
  // Bounded by the callers: a shard has at most limits::shard_pending_bytes_max in flight.
  // here: the caller may wait for the disk, and does when nobody else writes and it is alone.
  enum class may_write : std::uint8_t { here, there };
  void write(const log_lane& lane, std::unique_ptr<kv_batch> batch, may_write where, completion then);
  statistics stats() const;

 private:
  void run();
  void write_group(std::unique_lock<std::mutex>& lock);

  kv& store_;
  mutable std::mutex mutex_;
  std::condition_variable wake_, settled_;
  log_queue queue_;
  statistics stats_;
  std::uint64_t groups_taken_ = 0, groups_settled_ = 0;
  std::size_t latest_group_ = 0;  // batches of it
  bool stopping_ = false, writing_ = false;
  std::thread thread_;
};

}  // namespace troupe::storage
