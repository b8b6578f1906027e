// How the token limits stand, for /metrics: told by the node that leads the system shard, so that a cluster tells it once.
// Thread-safe.
#pragma once

#include <prometheus/metric_family.h>

#include <mutex>
#include <vector>

#include "http/server/stats.hpp"

namespace troupe::node {

class limit_metrics {
 public:
  static constexpr std::size_t limits_max = 1'000;  // those that come first

  void take(std::vector<http::limit_figures> all);
  std::vector<prometheus::MetricFamily> read() const;

 private:
  mutable std::mutex mutex_;
  std::vector<http::limit_figures> all_;
};

}  // namespace troupe::node
