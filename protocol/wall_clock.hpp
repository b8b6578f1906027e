// The time of day that commands are stamped with, and that leases and timers are judged by.
//
// A wall clock can be set, by a person or by NTP, and then leases end at once or never. So this one counts on from the time
// of day when the process began, by a clock that cannot be set, and follows the wall clock by at most one percent: a second
// is made up in under two minutes, an hour in four days, unless the process starts anew. It never runs back.
#pragma once

#include <cstdint>
#include <optional>

namespace troupe {

// Pure: both clocks are handed in. Not thread-safe.
class slewed_clock {
 public:
  // Microseconds since 1970, of the wall clock and of one that only counts.
  std::int64_t read(std::int64_t wall_us, std::int64_t counted_us);
  // How far the wall clock was ahead at the last reading; negative: behind.
  std::int64_t ahead_us() const { return ahead_us_; }

 private:
  std::optional<std::int64_t> offset_us_;  // to be added to what is counted
  std::int64_t moved_at_us_ = 0;           // when the offset was last looked at, as counted
  std::int64_t ahead_us_ = 0;
};

// The clock of this process. Thread-safe.
std::int64_t steady_wall_us();
// How far the machine's clock is ahead of it.
std::int64_t wall_ahead_us();

}  // namespace troupe
