// One bound on the bytes that all requests in flight hold together. Thread-safe.
#pragma once

#include <atomic>
#include <cstddef>
#include <utility>

namespace troupe::http {

class memory_budget {
 public:
  explicit memory_budget(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  bool take(std::size_t bytes) noexcept {
    auto used = used_.load(std::memory_order_relaxed);
    do {
      if (bytes > bytes_max_ - used) return false;
    } while (!used_.compare_exchange_weak(used, used + bytes, std::memory_order_relaxed));
    return true;
  }
  void give_back(std::size_t bytes) noexcept { used_.fetch_sub(bytes, std::memory_order_relaxed); }
  std::size_t used() const noexcept { return used_.load(std::memory_order_relaxed); }

 private:
  const std::size_t bytes_max_;
  std::atomic<std::size_t> used_{0};
};

// A share of the budget, given back at the end. Owned by one thread at a time.
class reservation {
 public:
  reservation() = default;
  explicit reservation(memory_budget& from) : from_(&from) {}
  reservation(reservation&& o) noexcept
      : from_(std::exchange(o.from_, nullptr)), bytes_(std::exchange(o.bytes_, 0)) {}
  reservation& operator=(reservation&& o) noexcept {
    if (this == &o) return *this;
    clear();
    from_ = std::exchange(o.from_, nullptr);
    bytes_ = std::exchange(o.bytes_, 0);
    return *this;
  }
  ~reservation() { clear(); }

  // False when the budget is used up; what was held stays held.
  bool grow_to(std::size_t bytes) noexcept {
    if (!from_ || bytes <= bytes_) return true;
    if (!from_->take(bytes - bytes_)) return false;
    bytes_ = bytes;
    return true;
  }
  bool add(std::size_t bytes) noexcept { return grow_to(bytes_ + bytes); }
  void clear() noexcept {
    if (from_) from_->give_back(bytes_);
    bytes_ = 0;
  }

 private:
  memory_budget* from_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace troupe::http
