#include "http/live/insight_news.hpp"

#include "http/routes/json_writer.hpp"
#include "protocol/event_type.hpp"
#include "protocol/message.hpp"

namespace troupe::http {

namespace {

constexpr std::size_t agents_max = 64, edges_max = 256, tiers_max = 64;

bool belongs_to(insight_view view, schema::Event::Reader e) {
  using type = schema::EventType;
  switch (view) {
    case insight_view::memory: return e.getTier().size() != 0 || e.getLatencyByTier().size() != 0;
    case insight_view::tokens: return e.hasTokens() || e.getCostNanoUsd() != 0;
    case insight_view::knowledge:
      return e.getKnowledgeId().size() != 0 || (e.getQuery().size() != 0 && e.getItemsRetrieved() >= 0) ||
             (e.getType() >= type::HYPOTHESIS_FORMED && e.getType() <= type::HYPOTHESIS_REJECTED);
    case insight_view::collaboration: return e.getPeerAgentId().size() != 0 || e.getTraceId().size() != 0;
    default: return true;
  }
}

void count(insight_view view, schema::Event::Reader e, insight_news::change& c) {
  ++c.events;
  if (c.since_us == 0 || e.getTimeUs() < c.since_us) c.since_us = e.getTimeUs();
  std::string agent(view_of(e.getAgentId()));
  if (c.agents.size() < agents_max || c.agents.contains(agent))
    c.agents.insert(agent);
  else
    c.more_agents = true;
  if (view == insight_view::tokens) {
    c.tokens += e.getTokens().getInput() + e.getTokens().getOutput();
    c.cost_nano_usd += e.getCostNanoUsd();
  }
  if (view == insight_view::memory && e.getTier().size() != 0 && e.getItemsRetrieved() != 0) {
    std::string tier(view_of(e.getTier()));
    if (c.tiers.size() < tiers_max || c.tiers.contains(tier)) ++c.tiers[tier];
  }
  auto peer = view_of(e.getPeerAgentId());
  if (view != insight_view::collaboration || peer.empty() || peer == agent) return;
  std::pair edge{agent, std::string(peer)};
  if (c.edges.size() >= edges_max && !c.edges.contains(edge)) return;
  auto& to = c.edges[edge];
  ++to.first;
  to.second += is_error(e) ? 1 : 0;
}

}  // namespace

void insight_news::add(std::string_view org, schema::Event::Reader event, unsigned views) {
  for (std::size_t v = 0; v < insight_topics.size(); ++v) {
    auto view = static_cast<insight_view>(v);
    if ((views >> v & 1) != 0 && belongs_to(view, event))
      count(view, event, changes_[{std::string(org), view}]);
  }
}

std::string insight_news::change::json(insight_view of) const {
  std::string out;
  object_writer w(out);
  w.number("events", events).texts("agents", agents).flag("more_agents", more_agents).time("since", since_us);
  if (of == insight_view::tokens) w.number("tokens", tokens).decimal("cost_usd", cost_nano_usd, 9);
  if (of == insight_view::memory) {
    object_writer t(w.name("tiers"));
    for (auto& [tier, hits] : tiers) {
      std::string name;
      ingest::json::write_string(tier, name);
      object_writer h(t.name(std::string_view(name).substr(1, name.size() - 2)));
      h.number("hits", hits);
      h.end();
    }
    t.end();
  }
  if (of == insight_view::collaboration) {
    auto& list = w.name("edges");
    list += '[';
    for (auto& [who, n] : edges) {
      if (list.back() != '[') list += ',';
      object_writer e(list);
      e.text("from", who.first).text("to", who.second).number("count", n.first).number("errors", n.second);
      e.end();
    }
    list += ']';
  }
  w.end();
  return out.substr(1, out.size() - 2);
}

}  // namespace troupe::http
