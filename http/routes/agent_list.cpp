#include "http/routes/agent_list.hpp"

#include "http/routes/records_json.hpp"

namespace troupe::http {

void collect_agents(api_context& api, responder back, agent_list_request ask,
                    std::function<void(const id_list_page&)> done) {
  id_list_request list;
  list.org = ask.org;
  list.after_id = ask.after_id;
  list.limit = ask.limit;
  list.level = ask.level;
  list.ask = [team = ask.team, since_us = ask.active_since_us](
                 schema::Query::Builder query, const std::string& after_id, std::uint32_t limit) {
    auto agents = query.initListAgents();
    agents.setTeam(team);
    agents.setActiveSinceUs(since_us);
    agents.setAfterId(after_id);
    agents.setLimit(limit);
  };
  list.read = [status = ask.status](schema::QueryResult::Reader found, std::vector<listed>& to) {
    if (!found.isAgents()) return;
    auto now = now_us();
    for (auto agent : found.getAgents()) {
      if (!status.empty() && agent_status(agent.getActivity(), now) != status) continue;
      to.push_back({std::string(view_of(agent.getAgent().getId())),
                    [agent, now](std::string& out) { write_agent_json(agent, now, out); }});
    }
  };
  collect_by_id(api, std::move(back), std::move(list), std::move(done));
}

}  // namespace troupe::http
