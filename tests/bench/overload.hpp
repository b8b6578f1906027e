// More than the server can do: requests at a fixed pace whatever it answers. What is refused, and how, and what becomes
// of the time of those that are taken.
#pragma once

#include <cstdint>
#include <string>

#include "tests/bench/histogram.hpp"

namespace troupe::bench {

struct overload_plan {
  std::uint16_t port = 0;
  std::string key;
  int connections = 1024, batch = 100;
  double requests_per_second = 100;
  double warm_seconds = 1, seconds = 4;
};

struct overload_count {
  std::uint64_t due = 0, sent = 0, accepted = 0;
  std::uint64_t refused = 0;        // 429 or 503 with Retry-After
  std::uint64_t refused_badly = 0;  // anything else
  double seconds = 0;
  histogram accepted_times, refused_times;  // from the intended send to the answer
};

overload_count run_overload(const overload_plan& plan);

}  // namespace troupe::bench
