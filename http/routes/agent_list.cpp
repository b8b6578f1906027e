#include "http/routes/agent_list.hpp"

#include <algorithm>

#include "http/routes/records_json.hpp"

namespace troupe::http {

namespace {

constexpr int rounds_max = 32;  // a filter that fits few agents ends in a short page

class collecting : public std::enable_shared_from_this<collecting> {
 public:
  collecting(api_context& api, responder back, agent_list_request ask,
             std::function<void(const agent_list_page&)> done)
      : api_(api), back_(std::move(back)), ask_(std::move(ask)), done_(std::move(done)) {}

  void next_round() {
    query_builder query(ask_.org);
    auto list = query->initListAgents();
    list.setTeam(ask_.team);
    list.setActiveSinceUs(ask_.active_since_us);
    list.setAfterId(ask_.after_id);
    auto wanted = std::min<std::size_t>(ask_.limit - page_.count, limits::page_items_max);
    list.setLimit(static_cast<std::uint32_t>(wanted));
    run_query_each(api_, ask_.level, back_, api_.actors.entity_shards(), query.bytes(),
                   [self = shared_from_this()](const results& found) { self->take(found); });
  }

 private:
  void take(const results& found) {
    struct item {
      std::string_view id;
      schema::AgentState::Reader agent;
    };
    std::vector<item> items;
    std::optional<std::string> horizon;  // nothing beyond it is known of every shard
    for (const auto& f : found) {
      if (f.isAgents()) {
        for (auto a : f.getAgents()) items.push_back({view_of(a.getAgent().getId()), a});
      }
      auto end = view_of(f.getScannedToId());
      if (f.getMore() && (!horizon || end < *horizon)) horizon = end;
    }
    std::sort(items.begin(), items.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
    response index;
    add_read_index(index, found);
    page_.headers = std::move(index.headers);
    auto now = now_us();
    for (const auto& i : items) {
      if (horizon && i.id > *horizon) break;
      if (!ask_.status.empty() && agent_status(i.agent.getActivity(), now) != ask_.status) continue;
      if (page_.count == ask_.limit) return finish(last_id_);
      if (page_.count++ > 0) page_.items += ',';
      write_agent_json(i.agent, now, page_.items);
      last_id_ = i.id;
    }
    if (!horizon) return finish({});
    if (page_.count == ask_.limit || ++rounds_ == rounds_max) return finish(*horizon);
    ask_.after_id = *horizon;
    next_round();
  }
  void finish(std::string next_after_id) {
    page_.next_after_id = std::move(next_after_id);
    done_(page_);
  }

  api_context& api_;
  const responder back_;
  agent_list_request ask_;
  const std::function<void(const agent_list_page&)> done_;
  agent_list_page page_;
  std::string last_id_;
  int rounds_ = 0;
};

}  // namespace

void collect_agents(api_context& api, responder back, agent_list_request ask,
                    std::function<void(const agent_list_page&)> done) {
  std::make_shared<collecting>(api, std::move(back), std::move(ask), std::move(done))->next_round();
}

}  // namespace troupe::http
