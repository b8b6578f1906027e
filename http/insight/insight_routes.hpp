// The routes of insight, by subject. Handlers keep a reference to 'api', which outlives the server.
#pragma once

#include <vector>

#include "http/routes/context.hpp"
#include "http/routes/route.hpp"

namespace troupe::http {

void add_memory_routes(api_context& api, std::vector<route>& to);
void add_token_routes(api_context& api, std::vector<route>& to);
void add_limit_routes(api_context& api, std::vector<route>& to);
void add_advice_routes(api_context& api, std::vector<route>& to);
void add_knowledge_routes(api_context& api, std::vector<route>& to);
void add_hypothesis_routes(api_context& api, std::vector<route>& to);
void add_collaboration_routes(api_context& api, std::vector<route>& to);
void add_team_routes(api_context& api, std::vector<route>& to);
void add_pattern_routes(api_context& api, std::vector<route>& to);
void add_trace_routes(api_context& api, std::vector<route>& to);
void add_export_routes(api_context& api, std::vector<route>& to);

inline void add_insight_routes(api_context& api, std::vector<route>& to) {
  add_memory_routes(api, to);
  add_token_routes(api, to);
  add_limit_routes(api, to);
  add_advice_routes(api, to);
  add_knowledge_routes(api, to);
  add_hypothesis_routes(api, to);
  add_collaboration_routes(api, to);
  add_team_routes(api, to);
  add_pattern_routes(api, to);
  add_trace_routes(api, to);
  add_export_routes(api, to);
}

}  // namespace troupe::http
