// When an open-loop client means to send: the i-th at start + i / rate, whatever the server does. A time is measured
// from here and not from the actual send, so that a stall counts for all that should have gone out during it
// ("coordinated omission"). Times in nanoseconds of the monotonic clock.
#pragma once

#include <cstdint>

namespace troupe::bench {

class schedule {
 public:
  schedule(std::int64_t start_ns, double per_second) : start_ns_(start_ns), per_second_(per_second) {}

  std::int64_t next_ns() const {
    return start_ns_ + static_cast<std::int64_t>(static_cast<double>(taken_) * 1e9 / per_second_);
  }
  bool is_due(std::int64_t now_ns) const { return next_ns() <= now_ns; }
  // The intended time of the next one, which is hereby taken.
  std::int64_t take() {
    auto at = next_ns();
    ++taken_;
    return at;
  }
  std::uint64_t taken() const { return taken_; }

 private:
  std::int64_t start_ns_;
  double per_second_;
  std::uint64_t taken_ = 0;
};

}  // namespace troupe::bench
