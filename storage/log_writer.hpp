// The node's one writer of log records: gathers what all shards append, writes it in the order it came, and makes it
// durable with one sync (group commit). Owns a thread; everything else of the store is written by the shards.
//
// Invariant: completions run in the order of the writes, each after all of its write and all before it are durable.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "storage/kv.hpp"

namespace troupe::storage {

class log_writer {
 public:
  // Runs on the writer's thread: hand over, don't work there.
  using completion = std::function<void(const result<done>&)>;

  struct statistics {
    std::uint64_t syncs = 0, batches = 0, bytes = 0, failures = 0;
  };

  explicit log_writer(kv& store);
  // Writes what was handed over before, then stops.
  ~log_writer();
  log_writer(const log_writer&) = delete;
  log_writer& operator=(const log_writer&) = delete;

  // Bounded by the callers: a shard has at most limits::shard_pending_bytes_max in flight.
  void write(std::unique_ptr<kv_batch> batch, completion then);
  statistics stats() const;

 private:
  struct pending {
    std::unique_ptr<kv_batch> batch;
    completion then;
  };
  void run();
  void commit(std::vector<pending>& group);

  kv& store_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<pending> queue_;
  statistics stats_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace troupe::storage
