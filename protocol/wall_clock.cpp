#include "protocol/wall_clock.hpp"

#include <algorithm>
#include <ctime>
#include <mutex>

namespace troupe {
namespace {

constexpr std::int64_t follow_one_in = 100;

std::int64_t microseconds_of(clockid_t clock) {
  timespec t{};
  ::clock_gettime(clock, &t);
  return t.tv_sec * std::int64_t{1'000'000} + t.tv_nsec / 1000;
}

struct process_clock {
  std::mutex mutex;
  slewed_clock clock;

  // Counted also while the machine is suspended.
  std::int64_t read() { return clock.read(microseconds_of(CLOCK_REALTIME), microseconds_of(CLOCK_BOOTTIME)); }
};

process_clock& of_process() {
  static process_clock clock;
  return clock;
}

}  // namespace

std::int64_t slewed_clock::read(std::int64_t wall_us, std::int64_t counted_us) {
  if (!offset_us_) {
    offset_us_ = wall_us - counted_us;
    moved_at_us_ = counted_us;
  }
  auto off = wall_us - counted_us - *offset_us_;
  if (auto step_max = (counted_us - moved_at_us_) / follow_one_in; step_max > 0) {
    auto step = std::clamp(off, -step_max, step_max);
    *offset_us_ += step;
    off -= step;
    moved_at_us_ = counted_us;
  }
  ahead_us_ = off;
  return counted_us + *offset_us_;
}

std::int64_t steady_wall_us() {
  auto& process = of_process();
  std::lock_guard lock(process.mutex);
  return process.read();
}

std::int64_t wall_ahead_us() {
  auto& process = of_process();
  std::lock_guard lock(process.mutex);
  process.read();
  return process.clock.ahead_us();
}

}  // namespace troupe
