// Histograms out of sketches: reckoned by hand, and against a naive count of random durations.
#include <catch2/catch_test_macros.hpp>
#include <limits>
#include <random>

#include "http/insight/latency_steps.hpp"

using namespace troupe;
using namespace troupe::http;

namespace {

rollup of(const std::vector<std::int64_t>& durations_us) {
  rollup r;
  for (auto us : durations_us) r.add_duration(us);
  return r;
}

std::int64_t sum_of(const std::vector<latency_step>& steps) {
  std::int64_t sum = 0;
  for (auto& s : steps) sum += s.count;
  return sum;
}

}  // namespace

TEST_CASE("latency histogram: steps of 1-2-5, without gaps between the lowest and the highest, by hand") {
  CHECK(latency_steps(rollup()).empty());
  CHECK(latency_steps(of({0, 0})) == std::vector<latency_step>{{0, 1, 2}});
  // A bound begins its step. 1,000, 2,000 and 500 us lie on bounds of the sketch as well.
  CHECK(latency_steps(of({500, 999, 1'000, 1'999, 2'000})) ==
        std::vector<latency_step>{{500, 1'000, 2}, {1'000, 2'000, 2}, {2'000, 5'000, 1}});
  CHECK(latency_steps(of({5'200, 26'000, 26'000, 150'000})) ==
        std::vector<latency_step>{{5'000, 10'000, 1},
                                  {10'000, 20'000, 0},
                                  {20'000, 50'000, 2},
                                  {50'000, 100'000, 0},
                                  {100'000, 200'000, 1}});
  auto longest = latency_steps(of({std::numeric_limits<std::int64_t>::max()}));
  REQUIRE(longest.size() == 1);
  CHECK(longest[0].to_us == std::numeric_limits<std::int64_t>::max());
}

TEST_CASE("latency histogram: a bucket that straddles a bound counts where its middle lies") {
  // 4,995 to 5,055 us share the bucket from 4,992 to 5,055, whose middle is 5,024.
  CHECK(latency_steps(of({4'995})) == std::vector<latency_step>{{5'000, 10'000, 1}});
  CHECK(latency_steps(of({4'991})) == std::vector<latency_step>{{2'000, 5'000, 1}});
}

TEST_CASE("latency histogram: random durations give what counting them gives, but for those beside a bound") {
  std::mt19937_64 random(7);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::int64_t> all;
    for (auto n = 1 + random() % 300; n > 0; --n)
      all.push_back(static_cast<std::int64_t>(random() >> (2 + random() % 62)));
    auto steps = latency_steps(of(all));
    CHECK(sum_of(steps) == static_cast<std::int64_t>(all.size()));
    for (std::size_t i = 0; i < steps.size(); ++i) {
      auto& s = steps[i];
      CHECK((i == 0 || steps[i - 1].to_us == s.from_us));
      std::int64_t surely = 0, perhaps = 0;
      for (auto us : all) {
        auto margin = us / 128;
        surely += us - margin >= s.from_us && us + margin < s.to_us;
        perhaps += us + margin >= s.from_us && us - margin < s.to_us;
      }
      CHECK((surely <= s.count && s.count <= perhaps));
    }
    CHECK((steps.front().count > 0 && steps.back().count > 0));
  }
}
