// Takes the digests of shards' records on a thread of its own, one after the other and slowly: at most a tenth of one core, so
// that nothing else notices. What it reads is a snapshot, which whoever asked took at the entry that it wants.
//
// A shard has one waiting at most: a newer one takes its place. Ended, it drops what is left. Thread-safe.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "storage/kv.hpp"

namespace troupe::storage {

class digest_worker {
 public:
  // On the worker's thread. The milliseconds it took.
  using taken = std::function<void(std::uint64_t digest, std::uint64_t took_ms)>;

  digest_worker();
  ~digest_worker();
  digest_worker(const digest_worker&) = delete;

  void take(shard_id shard, std::shared_ptr<const kv_reader> records, taken then);

 private:
  struct job {
    shard_id shard;
    std::shared_ptr<const kv_reader> records;
    taken then;
  };
  void run();
  void read(job& now);

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<job> waiting_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace troupe::storage
