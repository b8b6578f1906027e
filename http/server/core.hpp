// What all sessions of an edge share. Outlives them: sessions hold it by shared_ptr.
#pragma once

#include <memory>

#include "http/server/admission.hpp"
#include "http/server/config.hpp"
#include "http/server/dispatcher.hpp"
#include "http/server/load_gate.hpp"
#include "http/server/memory_budget.hpp"
#include "http/server/stats.hpp"
#include "http/server/worker.hpp"

namespace troupe::http {

struct server_core {
  explicit server_core(edge_config c)
      : config(std::move(c)),
        budget(config.limits.in_flight_bytes_max),
        writes(config.limits.load),
        reads(config.limits.load),
        places(std::make_shared<admission>(config.limits.connections_max,
                                           config.limits.connections_per_address_max)) {}

  const edge_config config;
  memory_budget budget;
  load_gate writes, reads;  // requests that wait for actors
  std::shared_ptr<admission> places;
  worker bodies;   // stopped before 'app' goes
  worker answers;  // packs large ones
  stats_counters stats;
  dispatcher* app = nullptr;  // set before the first connection
  observer* watch = nullptr;  // may stay empty
};

}  // namespace troupe::http
