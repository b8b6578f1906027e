// How many of one kind of work run at once on an I/O thread; the others wait in the order they came.
// Touched on its I/O thread only. What waits is bounded by who asks: each asker has one thing waiting at most.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <utility>

namespace troupe::http {

class turnstile {
 public:
  explicit turnstile(std::size_t at_once_max) : free_(at_once_max) {}

  // Runs 'work' now or later. It returns false if there was nothing left to do; else what it began ends with leave().
  void enter(std::function<bool()> work) {
    if (free_ == 0) {
      waiting_.push_back(std::move(work));
      return;
    }
    --free_;
    if (!work()) leave();
  }
  void leave() {
    while (!waiting_.empty()) {
      auto next = std::move(waiting_.front());
      waiting_.pop_front();
      if (next()) return;
    }
    ++free_;
  }
  std::size_t waiting() const { return waiting_.size(); }

 private:
  std::size_t free_;
  std::deque<std::function<bool()>> waiting_;
};

}  // namespace troupe::http
