#include "actors/machines.hpp"

#include "actors/agent/machine.hpp"
#include "actors/agent/query.hpp"
#include "actors/api_key/machine.hpp"
#include "actors/api_key/query.hpp"
#include "actors/cluster/machine.hpp"
#include "actors/cluster/query.hpp"
#include "actors/dashboard/machine.hpp"
#include "actors/dashboard/query.hpp"
#include "actors/events/machine.hpp"
#include "actors/events/query.hpp"
#include "actors/insight/query.hpp"
#include "actors/token_limit/machine.hpp"
#include "actors/token_limit/query.hpp"

namespace troupe {

machine_set make_machines() {
  machine_set set;
  set.machines.push_back(std::make_unique<events::event_machine>());
  set.machines.push_back(std::make_unique<agents::agent_machine>());
  set.machines.push_back(std::make_unique<api_keys::api_key_machine>());
  set.machines.push_back(std::make_unique<cluster::cluster_machine>());
  set.machines.push_back(std::make_unique<token_limits::token_limit_machine>());
  set.machines.push_back(std::make_unique<dashboards::dashboard_machine>());
  set.queries.push_back(std::make_unique<events::event_queries>());
  set.queries.push_back(std::make_unique<insight::insight_queries>());
  set.queries.push_back(std::make_unique<agents::agent_queries>());
  set.queries.push_back(std::make_unique<api_keys::api_key_queries>());
  set.queries.push_back(std::make_unique<cluster::cluster_queries>());
  set.queries.push_back(std::make_unique<token_limits::token_limit_queries>());
  set.queries.push_back(std::make_unique<dashboards::dashboard_queries>());
  return set;
}

}  // namespace troupe
