// What the live connections share. Outlives them.
#pragma once

#include "http/live/hub.hpp"
#include "http/routes/context.hpp"

namespace troupe::http {

struct live_context {
  api_context& api;
  hub& live;

  const edge_limits& limits() const { return api.core.config.limits; }
  stats_counters& stats() const { return api.core.stats; }
};

}  // namespace troupe::http
