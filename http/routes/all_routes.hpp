// Every route of the API, by subject. Handlers keep a reference to 'api', which outlives the server.
#pragma once

#include <vector>

#include "http/routes/context.hpp"
#include "http/routes/route.hpp"

namespace troupe::http {

void add_event_routes(api_context& api, std::vector<route>& to);
void add_agent_routes(api_context& api, std::vector<route>& to);
void add_task_routes(api_context& api, std::vector<route>& to);
void add_rollup_routes(api_context& api, std::vector<route>& to);
void add_dashboard_routes(api_context& api, std::vector<route>& to);
void add_key_routes(api_context& api, std::vector<route>& to);
void add_cluster_routes(api_context& api, std::vector<route>& to);
void add_otlp_routes(api_context& api, std::vector<route>& to);

}  // namespace troupe::http
