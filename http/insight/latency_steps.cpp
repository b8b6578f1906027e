#include "http/insight/latency_steps.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace troupe::http {

namespace {

constexpr int powers = 19;  // of ten, in 64 bits

// 0, then 1, 2, 5, 10, ... microseconds, then the end of the range.
constexpr auto bounds = [] {
  std::array<std::int64_t, 2 + 3 * powers> all{};
  auto factor = [](std::size_t place) { return place == 0 ? 1 : place == 1 ? 2 : 5; };
  std::int64_t power = 1;
  for (std::size_t i = 0; i + 2 < all.size(); ++i) {
    if (i > 0 && i % 3 == 0) power *= 10;
    all[i + 1] = factor(i % 3) * power;
  }
  all.back() = std::numeric_limits<std::int64_t>::max();
  return all;
}();

// Number of the step: its lower bound's place.
std::size_t step_of(std::int64_t us) {
  auto above = std::upper_bound(bounds.begin(), bounds.end() - 1, us);
  return static_cast<std::size_t>(above - bounds.begin()) - 1;
}

}  // namespace

std::vector<latency_step> latency_steps(const rollup& r) {
  std::vector<latency_step> steps;
  std::size_t first = 0;
  for (auto& [bucket, count] : r.sketch) {  // in order
    auto step = step_of(sketch_value(bucket));
    if (steps.empty()) first = step;
    for (auto next = first + steps.size(); next <= step; ++next)
      steps.push_back({bounds[next], bounds[next + 1], 0});
    add_saturated(steps.back().count, static_cast<std::int64_t>(count));
  }
  return steps;
}

}  // namespace troupe::http
