// What all sessions of an edge share. Outlives them: sessions hold it by shared_ptr.
#pragma once

#include <memory>

#include "http/server/admission.hpp"
#include "http/server/config.hpp"
#include "http/server/dispatcher.hpp"
#include "http/server/memory_budget.hpp"
#include "http/server/stats.hpp"

namespace troupe::http {

struct server_core {
  explicit server_core(edge_config c)
      : config(std::move(c)),
        budget(config.limits.in_flight_bytes_max),
        places(std::make_shared<admission>(config.limits.connections_max,
                                           config.limits.connections_per_address_max)) {}

  const edge_config config;
  memory_budget budget;
  std::shared_ptr<admission> places;
  stats_counters stats;
  dispatcher* app = nullptr;  // set before the first connection
  observer* watch = nullptr;  // may stay empty
};

}  // namespace troupe::http
