// A thread beside the I/O threads for what takes long: reading large and compressed bodies, packing large answers. On an
// I/O thread one of them would hold up every other connection there.
//
// Invariants: tasks run one after the other, in order; what waits is bounded by those who post (requests that have passed
// the load gate, their bytes by the memory budget). After stop() nothing runs and what is posted is dropped. The thread
// is started with the first task.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace troupe::http {

class worker {
 public:
  using task = std::function<void()>;
  ~worker() { stop(); }

  // From any thread. Must not throw.
  void post(task t);
  // Waits for the task under way. From outside, any number of times.
  void stop();

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable news_;
  std::deque<task> tasks_;
  std::thread thread_;
  bool stopped_ = false;
};

}  // namespace troupe::http
