#include "tests/support/sample_events.hpp"

namespace troupe::testing {

void write(const sample_event& from, schema::Event::Builder to) {
  auto id = to.initId();
  id.setHigh(from.id.high);
  id.setLow(from.id.low);
  to.setType(from.type);
  to.setStatus(from.status);
  to.setTimeUs(from.time_us);
  to.setDurationUs(from.duration_us);
  to.setCostNanoUsd(from.cost_nano_usd);
  if (!from.tokens.none()) from.tokens.write(to.initTokens());
  auto text = [](const std::string& s, auto init) { set_text(init, s); };
  text(from.agent, [&](unsigned n) { return to.initAgentId(n); });
  text(from.model, [&](unsigned n) { return to.initModel(n); });
  text(from.tool, [&](unsigned n) { return to.initTool(n); });
  text(from.tier, [&](unsigned n) { return to.initTier(n); });
  text(from.team, [&](unsigned n) { return to.initTeam(n); });
  text(from.trace, [&](unsigned n) { return to.initTraceId(n); });
  text(from.session, [&](unsigned n) { return to.initSessionId(n); });
  text(from.error, [&](unsigned n) { return to.initError(n); });
  text(from.query, [&](unsigned n) { return to.initQuery(n); });
  text(from.knowledge, [&](unsigned n) { return to.initKnowledgeId(n); });
  text(from.peer, [&](unsigned n) { return to.initPeerAgentId(n); });
  text(from.user, [&](unsigned n) { return to.initUserId(n); });
  text(from.provider, [&](unsigned n) { return to.initProvider(n); });
  text(from.attributes, [&](unsigned n) { return to.initAttributes(n); });
  to.setItemsRetrieved(from.items);
  if (from.latency_by_tier.empty()) return;
  auto tiers = to.initLatencyByTier(static_cast<unsigned>(from.latency_by_tier.size()));
  for (unsigned i = 0; i < tiers.size(); ++i) {
    tiers[i].setTier(from.latency_by_tier[i].first.c_str());
    tiers[i].setLatencyUs(from.latency_by_tier[i].second);
  }
}

memory_shard::fill append(const std::vector<sample_event>& events) {
  return [events](schema::Command::Body::Builder body) {
    auto list = body.initAppendEvents().initEvents(static_cast<unsigned>(events.size()));
    for (unsigned i = 0; i < list.size(); ++i) write(events[i], list[i]);
  };
}

}  // namespace troupe::testing
