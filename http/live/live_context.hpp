// What the live connections share. Outlives them.
#pragma once

#include "http/live/hub.hpp"
#include "http/live/waiting_room.hpp"
#include "http/routes/context.hpp"

namespace troupe::http {

struct live_context {
  api_context& api;
  hub& live;
  waiting_room& early;  // those who came before the node is ready

  const edge_limits& limits() const { return api.core.config.limits; }
  stats_counters& stats() const { return api.core.stats; }
};

}  // namespace troupe::http
