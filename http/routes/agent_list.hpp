// Agents of all shards in the order of their ids, filtered, page after page until enough are found.
#pragma once

#include <functional>
#include <string>

#include "http/routes/context.hpp"

namespace troupe::http {

struct agent_list_request {
  std::string org, team, status;
  std::string after_id = {};
  std::int64_t active_since_us = 0;
  std::size_t limit = 100;
  consistency level = consistency::linearizable;
};

struct agent_list_page {
  std::string items;  // agent JSON, separated by commas
  std::size_t count = 0;
  std::string next_after_id;                                 // empty: that was all
  std::vector<std::pair<std::string, std::string>> headers;  // how current it is
};

// 'done' is called on the request's thread; failures go to 'back'.
void collect_agents(api_context& api, responder back, agent_list_request ask,
                    std::function<void(const agent_list_page&)> done);

}  // namespace troupe::http
