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

log_lane log_writer::open(shard_id shard) {
  std::unique_lock lock(mutex_);
  auto lane = queue_.open(shard);
  settled_.wait(lock, [this, taken = groups_taken_] { return groups_settled_ >= taken; });
  return lane;
}

void log_writer::write(const log_lane& lane, std::unique_ptr<kv_batch> batch, may_write where,
                       completion then) {
  std::unique_lock lock(mutex_);
  bool first = queue_.size() == 0;
  queue_.push(lane, std::move(batch), std::move(then));
  if (!first || writing_) return;
  if (where == may_write::there || latest_group_ > 1 || stopping_) {
    lock.unlock();
    wake_.notify_one();
    return;
  }
  write_group(lock);
  bool more = queue_.size() != 0;
  lock.unlock();
  if (more) wake_.notify_one();
}

log_writer::statistics log_writer::stats() const {
  std::lock_guard lock(mutex_);
  return stats_;
}

void log_writer::write_group(std::unique_lock<std::mutex>& lock) {
  writing_ = true;
  auto group = queue_.take(queue_.size());
  latest_group_ = group.size();
  ++groups_taken_;
  lock.unlock();
  auto outcome = log_queue::write(store_, group);
  std::uint64_t bytes = 0;
  for (const auto& p : group) bytes += p.batch->bytes();
  lock.lock();
  queue_.settle(group, outcome);
  ++groups_settled_;
  ++stats_.syncs;
  stats_.batches += group.size();
  stats_.bytes += bytes;
  if (!outcome) ++stats_.failures;
  lock.unlock();
  settled_.notify_all();
  log_queue::complete(group, outcome);
  group.clear();
  lock.lock();
  writing_ = false;
}

void log_writer::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return !writing_ && (stopping_ || queue_.size() != 0); });
    if (queue_.size() == 0) return;
    write_group(lock);
  }
}

}  // namespace troupe::storage
