#include "activity.hpp"

#include <algorithm>

#include "protocol/event_type.hpp"
#include "protocol/records.hpp"
#include "tally.hpp"

namespace troupe::events {

namespace {

// Room for what is new in a record: its own struct and short texts.
constexpr std::size_t record_words_added = 64;

}  // namespace

activity::seen& activity::at(schema::Event::Reader event) {
  auto id = event.getAgentId();
  if (latest_ && view_of(latest_->id) == view_of(id)) return *latest_;
  auto [place, is_new] = agents_.try_emplace(view_of(id));
  auto& s = place->second;
  latest_ = &s;
  if (!is_new) return s;
  s.id = id;
  if (auto bytes = before_.get(family::state, agent_key(view_of(org_), view_of(id)))) {
    s.agent.emplace(*bytes);
    s.team = view_of(s.agent->root<schema::Agent>().getTeam());
  }
  if (auto bytes = before_.get(family::state, agent_activity_key(view_of(org_), view_of(id)))) {
    s.activity.emplace(*bytes);
    s.last_us = s.activity->root<schema::AgentActivity>().getLastActivityUs();
  }
  return s;
}

std::string_view activity::count(schema::Event::Reader event) {
  auto& s = at(event);
  ++s.events;
  s.sums.errors += is_error(event) ? 1 : 0;
  if (event.hasTokens()) s.sums.tokens.add(event.getTokens());
  s.sums.add_cost(event.getCostNanoUsd());
  s.last_us = std::max(s.last_us, std::min(event.getTimeUs(), at_.time_us));
  if (s.team.empty() && event.getTeam().size() > 0) {
    s.team = view_of(event.getTeam());
    s.team_is_new = true;
  }
  return s.team;
}

void activity::write(outcome& to) {
  for (auto& [id, s] : agents_) write_one(s, to);
}

schema::Agent::Reader activity::write_agent(seen& s, outcome& to) {
  auto known = s.agent ? s.agent->root<schema::Agent>() : schema::Agent::Reader();
  if (s.agent && !s.team_is_new) return known;
  auto& message =
      agent_builder_.start(known.totalSize().wordCount + record_words_added + text_words(org_.size()) +
                           text_words(s.id.size()) + text_words(s.team.size()));
  if (s.agent) {
    message.setRoot(known);
    auto agent = message.getRoot<schema::Agent>();
    agent.setVersion(known.getVersion() + 1);
    agent.setUpdatedUs(at_.time_us);
  } else {
    init_agent(message.initRoot<schema::Agent>(), org_, s.id, at_);
  }
  auto agent = message.getRoot<schema::Agent>();
  set_text([&](unsigned n) { return agent.initTeam(n); }, s.team);
  to.changes.put_kept(family::state, agent_key(view_of(org_), view_of(s.id)), agent_builder_.bytes());
  return agent.asReader();
}

schema::AgentActivity::Reader activity::write_activity(seen& s, outcome& to) {
  auto known = s.activity ? s.activity->root<schema::AgentActivity>() : schema::AgentActivity::Reader();
  auto& message = activity_builder_.start(known.totalSize().wordCount + record_words_added);
  if (s.activity) message.setRoot(known);
  auto now =
      s.activity ? message.getRoot<schema::AgentActivity>() : message.initRoot<schema::AgentActivity>();
  rollup sums = s.sums;
  sums.tokens.add(known.getTokens());
  sums.add_cost(known.getCostNanoUsd());
  now.setLastActivityUs(s.last_us);
  now.setEvents(known.getEvents() + s.events);
  now.setErrors(known.getErrors() + s.sums.errors);
  if (!sums.tokens.none()) sums.tokens.write(now.hasTokens() ? now.getTokens() : now.initTokens());
  now.setCostNanoUsd(sums.cost_nano_usd);
  to.changes.put(family::state, agent_activity_key(view_of(org_), view_of(s.id)), activity_builder_.bytes());
  return now.asReader();
}

void activity::write_one(seen& s, outcome& to) {
  auto agent = write_agent(s, to);
  auto now = write_activity(s, to);
  auto words = agent.totalSize().wordCount + now.totalSize().wordCount + text_words(org_.size());
  auto fact = fact_builder_.start(words + record_words_added).initRoot<schema::Fact>();
  fact.setOrg(org_);
  auto changed = fact.initAgentChanged();
  changed.setAgent(agent);
  changed.setActivity(now);
  changed.setCreated(!s.agent);
  to.facts.emplace_back(fact_builder_.bytes());
}

}  // namespace troupe::events
