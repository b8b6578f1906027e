// The bench's own arithmetic: a figure is worth no more than its histogram and its schedule.
#include <catch2/catch_test_macros.hpp>

#include "tests/bench/histogram.hpp"
#include "tests/bench/schedule.hpp"

namespace {

using namespace troupe::bench;

TEST_CASE("bench: a quantile is at most one part in 128 above the value recorded") {
  for (std::uint64_t value = 1; value < (1ULL << 50); value = value * 3 / 2 + 1) {
    auto h = std::make_unique<histogram>();
    h->record(static_cast<std::int64_t>(value));
    h->record(static_cast<std::int64_t>(value * 4));  // so that the largest value does not bound the first
    auto read = h->at(0.5);
    CHECK(read >= value);
    CHECK(read - value <= value / 128);
  }
}

TEST_CASE("bench: quantiles are those of all values recorded") {
  auto h = std::make_unique<histogram>();
  CHECK(h->at(0.99) == 0);
  for (int i = 1; i <= 100; ++i) h->record(i);
  CHECK(h->at(0.5) == 50);
  CHECK(h->at(0.99) == 99);
  CHECK(h->at(1) == 100);
  CHECK(h->max() == 100);
  h->record(-5);  // a clock that went back counts as no time
  CHECK(h->at(0) == 0);
  CHECK(h->count() == 101);
}

TEST_CASE("bench: an open loop keeps its intended times while the server stalls") {
  schedule pace(1'000'000'000, 1000);
  CHECK(pace.next_ns() == 1'000'000'000);
  CHECK_FALSE(pace.is_due(999'999'999));
  // Half a second late, all that was due meanwhile has the time at which it should have gone out.
  auto now = 1'500'000'000;
  std::int64_t last = 0;
  while (pace.is_due(now)) last = pace.take();
  CHECK(pace.taken() == 501);
  CHECK(last == now);
  CHECK(pace.next_ns() == 1'501'000'000);
}

}  // namespace
