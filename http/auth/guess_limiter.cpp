#include "http/auth/guess_limiter.hpp"

#include <algorithm>

namespace troupe::http {

std::chrono::milliseconds guess_limiter::wait_of(const std::string& address, clock::time_point now) {
  std::lock_guard lock(mutex_);
  auto it = entries_.find(address);
  if (it == entries_.end()) return {};
  // One more failure would put the end of the debt this far away.
  auto debt = it->second.full_at + interval_ - now;
  auto allowed = interval_ * failures_max_;
  if (debt <= allowed) return {};
  return std::chrono::duration_cast<std::chrono::milliseconds>(debt - allowed) + std::chrono::milliseconds(1);
}

void guess_limiter::failed(const std::string& address, clock::time_point now) {
  std::lock_guard lock(mutex_);
  auto it = entries_.find(address);
  if (it == entries_.end()) {
    if (entries_.size() >= addresses_max_) {
      entries_.erase(order_.front());
      order_.pop_front();
    }
    order_.push_back(address);
    it = entries_.emplace(address, entry{now, std::prev(order_.end())}).first;
  } else {
    order_.splice(order_.end(), order_, it->second.place);
  }
  it->second.full_at = std::max(it->second.full_at, now) + interval_;
}

}  // namespace troupe::http
