#include "http/server/worker.hpp"

#include <pthread.h>

namespace troupe::http {

void worker::post(task t) {
  {
    std::lock_guard lock(mutex_);
    if (stopped_) return;
    tasks_.push_back(std::move(t));
    if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  }
  news_.notify_one();
}

void worker::stop() {
  std::deque<task> left;
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
    left.swap(tasks_);
  }
  news_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void worker::run() {
  pthread_setname_np(pthread_self(), "http-bodies");
  while (true) {
    task next;
    {
      std::unique_lock lock(mutex_);
      news_.wait(lock, [this] { return stopped_ || !tasks_.empty(); });
      if (stopped_) return;
      next = std::move(tasks_.front());
      tasks_.pop_front();
    }
    next();
  }
}

}  // namespace troupe::http
