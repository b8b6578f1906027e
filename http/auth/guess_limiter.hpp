// Slows the guessing of keys: a budget of failures for each address, refilled with time.
//
// Bounded: at most 'addresses_max' addresses are remembered; at the bound the one that failed longest ago goes.
// Thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <unordered_map>

namespace troupe::http {

class guess_limiter {
 public:
  using clock = std::chrono::steady_clock;
  guess_limiter(std::uint32_t failures_max, std::chrono::milliseconds interval,
                std::size_t addresses_max = 4096)
      : failures_max_(failures_max), interval_(interval), addresses_max_(addresses_max) {}

  // How long this address has to wait; 0: it may try.
  std::chrono::milliseconds wait_of(const std::string& address, clock::time_point now);
  void failed(const std::string& address, clock::time_point now);

 private:
  struct entry {
    clock::time_point full_at;  // when the budget will be whole again
    std::list<std::string>::iterator place;
  };

  const std::uint32_t failures_max_;
  const std::chrono::milliseconds interval_;
  const std::size_t addresses_max_;
  std::mutex mutex_;
  std::list<std::string> order_;  // oldest failure first
  std::unordered_map<std::string, entry> entries_;
};

}  // namespace troupe::http
