// Says in time that the disk is getting full, so that writes are refused before one fails. Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>

namespace troupe::storage {

// Below this writes are refused with 507, so that the store's own work never finds the disk full: what is in memory can be
// flushed, and a log file be begun.
inline constexpr std::uint64_t disk_reserve_bytes = 128ULL << 20;

class space_guard {
 public:
  // Below 'reserve' free bytes writes are refused; above a quarter more they are taken again.
  space_guard(std::filesystem::path directory, std::uint64_t reserve_bytes)
      : directory_(std::move(directory)), reserve_(reserve_bytes) {}

  // Looks at the disk at most every 100 ms of 'now_ms' (monotonic).
  bool is_low(std::uint64_t now_ms);
  std::uint64_t reserve_bytes() const { return reserve_; }

 private:
  std::filesystem::path directory_;
  std::uint64_t reserve_;
  std::atomic<std::uint64_t> looked_ms_{0};
  std::atomic<bool> low_{false};
};

}  // namespace troupe::storage
