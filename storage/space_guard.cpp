#include "storage/space_guard.hpp"

#include <sys/statvfs.h>

namespace troupe::storage {

bool space_guard::is_low(std::uint64_t now_ms) {
  auto last = looked_ms_.load(std::memory_order_relaxed);
  if (last != 0 && now_ms < last + 100) return low_.load(std::memory_order_relaxed);
  if (!looked_ms_.compare_exchange_strong(last, now_ms)) return low_.load(std::memory_order_relaxed);
  struct statvfs s {};
  if (::statvfs(directory_.c_str(), &s) != 0) return low_.load(std::memory_order_relaxed);
  auto free = static_cast<std::uint64_t>(s.f_bavail) * s.f_frsize;
  if (free < reserve_) low_ = true;
  if (free > reserve_ + reserve_ / 4) low_ = false;
  return low_.load(std::memory_order_relaxed);
}

}  // namespace troupe::storage
