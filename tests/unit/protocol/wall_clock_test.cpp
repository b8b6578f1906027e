#include "protocol/wall_clock.hpp"

#include <catch2/catch_test_macros.hpp>

using troupe::slewed_clock;

namespace {
constexpr std::int64_t second = 1'000'000, hour = 3600 * second;
}

TEST_CASE("wall clock: it follows one that is right to the microsecond") {
  slewed_clock clock;
  CHECK(clock.read(1000 * second, 5) == 1000 * second);
  CHECK(clock.read(1000 * second + 7, 12) == 1000 * second + 7);
  CHECK(clock.read(1001 * second, 5 + second) == 1001 * second);
  CHECK(clock.ahead_us() == 0);
}

TEST_CASE("wall clock: one that is set is followed by a hundredth of the time that passes") {
  for (auto set_by : {hour, -hour}) {
    slewed_clock clock;
    clock.read(9000 * second, 0);
    auto sign = set_by > 0 ? 1 : -1;
    CHECK(clock.read(9000 * second + set_by, 0) == 9000 * second);
    CHECK(clock.ahead_us() == set_by);
    CHECK(clock.read(9010 * second + set_by, 10 * second) == 9010 * second + sign * second / 10);
    // It is set back: nothing is left of it soon.
    CHECK(clock.read(9020 * second, 20 * second) == 9020 * second);
    CHECK(clock.ahead_us() == 0);
  }
}

TEST_CASE("wall clock: it never runs back, and is right in the end, however often it is read") {
  slewed_clock clock;
  std::int64_t last = clock.read(9000 * second, 0);
  for (std::int64_t counted = 0; counted < 200 * second; counted += 37) {
    auto now = clock.read(8999 * second + counted, counted);
    CHECK_FALSE(now < last);
    last = now;
    if (counted > second / 10) counted += 99'000;
  }
  CHECK(clock.ahead_us() == 0);
}
