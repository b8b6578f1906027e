// Agents of all shards in the order of their ids, of a team, with a status.
#pragma once

#include <functional>
#include <string>

#include "http/routes/id_list.hpp"

namespace troupe::http {

struct agent_list_request {
  std::string org, team, status;
  std::string after_id = {};
  std::int64_t active_since_us = 0;
  std::size_t limit = 100;
  consistency level = consistency::linearizable;
};

// 'done' is called on the request's thread; failures go to 'back'.
void collect_agents(api_context& api, responder back, agent_list_request ask,
                    std::function<void(const id_list_page&)> done);

}  // namespace troupe::http
