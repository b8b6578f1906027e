#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>

#include "protocol/rollup.hpp"

using namespace troupe;

TEST_CASE("sketch: a bucket's value is within 1/128 of every duration in it") {
  std::uint16_t last = 0;
  for (std::int64_t us = 0; us < (1LL << 62); us += 1 + us / 1000) {
    auto bucket = sketch_bucket(us);
    REQUIRE(bucket >= last);
    last = bucket;
    auto off = std::abs(static_cast<double>(sketch_value(bucket)) - static_cast<double>(us));
    REQUIRE(off <= static_cast<double>(us) / 128);
  }
}

TEST_CASE("sketch: bucket numbers never change") {
  struct row {
    std::int64_t us;
    std::uint16_t bucket;
  };
  for (auto& r : {row{-5, 0}, row{0, 0}, row{1, 1}, row{63, 63}, row{64, 64}, row{127, 127}, row{128, 128},
                  row{129, 128}, row{130, 129}, row{1000, 317}, row{1'000'000, 954}, row{60'000'000, 1330},
                  row{std::numeric_limits<std::int64_t>::max(), 3711}})
    CHECK(sketch_bucket(r.us) == r.bucket);
}

TEST_CASE("sketch: percentiles come from the ranks of what was timed") {
  rollup r;
  CHECK(r.percentile_us(0.5) == 0);
  for (int us = 1; us <= 50; ++us) r.add_duration(us);  // below 64 each has its own bucket
  r.add_duration(-1);                                   // was not timed
  CHECK(r.timed == 50);
  CHECK(r.percentile_us(0) == 1);
  CHECK(r.percentile_us(0.5) == 25);
  CHECK(r.percentile_us(0.98) == 49);
  CHECK(r.percentile_us(1) == 50);
  CHECK(r.duration_sum_us == 1275);
  r.add_duration(1'000'001);
  CHECK(r.percentile_us(1) <= r.duration_max_us);
}

TEST_CASE("sketch: sums stop at the end of their range") {
  auto most = std::numeric_limits<std::int64_t>::max();
  rollup r;
  r.add_duration(most);
  r.add_duration(most);
  r.add_cost(most);
  r.add_cost(1);
  CHECK(r.duration_sum_us == most);
  CHECK(r.cost_nano_usd == most);
}
