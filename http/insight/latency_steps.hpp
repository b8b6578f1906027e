// How durations lie: counts by steps that a reader knows, 1-2-5 of every power of ten, out of the sketch of a rollup.
//
// Invariants: the counts add up to the timed events. A bucket of the sketch counts as a whole in the step in which its
// middle lies: what is within 1/128 of a bound may be on its other side, all else is exact.
#pragma once

#include <cstdint>
#include <vector>

#include "protocol/rollup.hpp"

namespace troupe::http {

struct latency_step {
  std::int64_t from_us = 0, to_us = 0;  // to: exclusive
  std::int64_t count = 0;
  bool operator==(const latency_step&) const = default;
};

// From the lowest step that has any to the highest, without gaps. Nothing if none was timed.
std::vector<latency_step> latency_steps(const rollup& r);

}  // namespace troupe::http
