#include "storage/log_writer.hpp"

#include <pthread.h>

namespace troupe::storage {

log_writer::log_writer(kv& store) : store_(store), thread_([this] { run(); }) {
  pthread_setname_np(thread_.native_handle(), "log_writer");
}

log_writer::~log_writer() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void log_writer::write(std::unique_ptr<kv_batch> batch, completion then) {
  {
    std::lock_guard lock(mutex_);
    queue_.push_back({std::move(batch), std::move(then)});
  }
  wake_.notify_one();
}

log_writer::statistics log_writer::stats() const {
  std::lock_guard lock(mutex_);
  return stats_;
}

void log_writer::run() {
  std::vector<pending> group;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      group.swap(queue_);
    }
    commit(group);
    group.clear();
  }
}

void log_writer::commit(std::vector<pending>& group) {
  result<done> outcome = done{};
  std::uint64_t bytes = 0;
  for (auto& p : group) {
    if (!outcome) break;
    bytes += p.batch->bytes();
    outcome = store_.write(*p.batch, durability::lazy);
  }
  if (outcome) outcome = store_.sync();
  {
    std::lock_guard lock(mutex_);
    ++stats_.syncs;
    stats_.batches += group.size();
    stats_.bytes += bytes;
    if (!outcome) ++stats_.failures;
  }
  // After a failure none of the group may be taken as durable, not even what was written before it.
  for (auto& p : group) p.then(outcome);
}

}  // namespace troupe::storage
