// States of agents and dashboards on their way through the hub: conflated, and read again from their shards after anything
// that may have been missed, since they have no numbers to find a gap by.
#include <kj/exception.h>
#include <spdlog/spdlog.h>

#include "http/live/hub.hpp"
#include "http/routes/dashboard_json.hpp"
#include "protocol/limits.hpp"
#include "protocol/message.hpp"

namespace troupe::http {

namespace {

std::string topic_key(std::string_view org, std::string_view kind, std::string_view id) {
  std::string key(org);
  key.push_back('\0');
  return key.append(kind).append(id);
}

std::string agent_topic(std::string_view org, std::string_view id) { return topic_key(org, "agent:", id); }

std::string dashboard_topic(std::string_view org, std::string_view id) {
  return topic_key(org, "dashboard:", id);
}

std::string list_question(const std::string& org, std::string_view after) {
  capnp::MallocMessageBuilder message;
  auto query = message.initRoot<schema::Query>();
  query.setOrg(org);
  auto agents = query.initListAgents();
  agents.setAfterId(std::string(after));
  agents.setLimit(limits::page_items_max);
  return to_bytes(message);
}

std::string one_question(const topic& of) {
  capnp::MallocMessageBuilder message;
  auto query = message.initRoot<schema::Query>();
  query.setOrg(of.org);
  if (of.kind == topic_kind::dashboard)
    query.setGetDashboard(of.id);
  else
    query.setGetAgent(of.id);
  return to_bytes(message);
}

}  // namespace

void hub::take_states(schema::Feed::Reader feed) {
  auto& state = shards_[feed.getShard()];
  auto note = [&](std::string key) {
    if (state.is_rereading) state.heard.insert(std::move(key));
  };
  for (auto bytes : feed.getFacts()) {
    message_reader reader(view_of(bytes));
    auto fact = reader.root<schema::Fact>();
    auto org = view_of(fact.getOrg());
    if (fact.isAgentChanged()) {
      auto agent = fact.getAgentChanged();
      note(agent_topic(org, view_of(agent.getAgent().getId())));
      take_agent(org, agent);
    } else if (fact.isDashboardChanged()) {
      auto dashboard = fact.getDashboardChanged();
      note(dashboard_topic(org, view_of(dashboard.getId())));
      take_dashboard(org, dashboard);
    } else if (fact.isDashboardRemoved()) {
      auto id = view_of(fact.getDashboardRemoved());
      note(dashboard_topic(org, id));
      take_removed_dashboard(org, id);
    }
  }
}

void hub::take_agent(std::string_view org, schema::AgentState::Reader agent) {
  if (!config_.write_agent) return;
  auto id = view_of(agent.getAgent().getId());
  if (!find(org, "agents") && !find(org, "agent:" + std::string(id))) return;
  std::string json;
  config_.write_agent(agent, json);
  changed_agents_[std::string(org)][std::string(id)] = std::move(json);
  wake();
}

void hub::flush_agents() {
  for (auto& [org, agents] : changed_agents_) {
    auto* everyone = find(org, "agents");
    std::string list;
    for (auto& [id, json] : agents) {
      if (everyone) list.append(list.empty() ? "" : ",").append(json);
      if (auto* one = find(org, "agent:" + id)) send_state(*one, "agent", "{\"agent\":" + json + "}");
    }
    if (everyone)
      send_state(*everyone, "agents",
                 "{\"epoch\":\"" + epoch_ + "\",\"offset\":\"" + offset_text(position_) + "\",\"agents\":[" +
                     list + "]}");
  }
  changed_agents_.clear();
}

void hub::take_dashboard(std::string_view org, schema::Dashboard::Reader dashboard) {
  auto key = dashboard_topic(org, view_of(dashboard.getId()));
  if (!audiences_.contains(key)) return;
  push news{"dashboard", "{\"dashboard\":"};
  write_dashboard_json(dashboard, news.payload);
  news.payload.push_back('}');
  changed_dashboards_[key] = std::move(news);
  wake();
}

void hub::take_removed_dashboard(std::string_view org, std::string_view id) {
  auto key = dashboard_topic(org, id);
  if (!audiences_.contains(key)) return;
  changed_dashboards_[key] = {"dashboard_deleted", deleted_json(id)};
  wake();
}

void hub::flush_dashboards() {
  for (auto& [key, news] : changed_dashboards_)
    if (auto to = audiences_.find(key); to != audiences_.end())
      send_state(to->second, news.event, news.payload);
  changed_dashboards_.clear();
}

// --- read again

void hub::began_anew(shard_id shard) {
  if (shard == system_shard && config_.keys_missed) config_.keys_missed();
  shards_[shard.value].is_stale = true;
  wake();
}

// On the hub's thread.
void hub::reread_states() {
  for (std::uint16_t s = 1; s < shards_.size(); ++s) {
    auto& state = shards_[s];
    if (state.is_rereading || !std::exchange(state.is_stale, false)) continue;
    auto questions = std::make_shared<std::deque<std::string>>(state_questions(shard_id(s)));
    if (questions->empty()) continue;
    state.is_rereading = true;
    reread_next(shard_id(s), std::move(questions));
  }
}

// What readers look at now: whole lists, and single agents of organisations whose list nobody looks at; dashboards.
std::deque<std::string> hub::state_questions(shard_id shard) const {
  std::deque<std::string> questions;
  for (auto& [key, a] : audiences_) {
    auto& what = *a.what;
    if (what.kind == topic_kind::agents) questions.push_back(list_question(what.org, {}));
    bool one_agent = what.kind == topic_kind::agent && !find(what.org, "agents") &&
                     data_.shard_of_agent(what.org, what.id) == shard;
    bool one_dashboard =
        what.kind == topic_kind::dashboard && data_.shard_of_dashboard(what.org, what.id) == shard;
    if (one_agent || one_dashboard) questions.push_back(one_question(what));
  }
  return questions;
}

void hub::reread_next(shard_id shard, std::shared_ptr<std::deque<std::string>> questions) {
  data_.query(shard, questions->front(), consistency::linearizable,
              [life = life_, shard, questions](const result<std::string>& answer) {
                std::lock_guard lock(life->mutex);
                if (life->owner) life->owner->reread_answered(shard, questions, answer);
              });
}

void hub::reread_answered(shard_id shard, const std::shared_ptr<std::deque<std::string>>& questions,
                          const result<std::string>& answer) {
  auto& state = shards_[shard.value];
  try {
    if (!answer) throw std::runtime_error(answer.error().detail);
    auto question = std::move(questions->front());
    questions->pop_front();
    message_reader asked_reader(question);
    auto asked = asked_reader.root<schema::Query>();
    auto org = std::string(view_of(asked.getOrg()));
    message_reader reader(*answer);
    auto found = reader.root<schema::QueryResult>();
    take_read_again(state.heard, asked, found);
    auto more = found.getMore() ? std::string(view_of(found.getScannedToId())) : std::string();
    if (asked.isListAgents() && !more.empty()) questions->push_front(list_question(org, more));
  } catch (const std::exception& e) {
    spdlog::warn("states of shard {} may be shown as they were: {}", shard.value, e.what());
    state.is_stale = true;
    questions->clear();
    wake();
  } catch (const kj::Exception& e) {
    spdlog::error("states of shard {} cannot be decoded: {}", shard.value, e.getDescription().cStr());
    questions->clear();
  }
  if (!questions->empty()) return reread_next(shard, questions);
  state.is_rereading = false;
  state.heard.clear();
  if (state.is_stale) wake();
}

void hub::take_read_again(const std::set<std::string>& heard, schema::Query::Reader asked,
                          schema::QueryResult::Reader found) {
  auto org = view_of(asked.getOrg());
  if (found.isAgents())
    for (auto agent : found.getAgents())
      if (!heard.contains(agent_topic(org, view_of(agent.getAgent().getId())))) take_agent(org, agent);
  if (!asked.isGetDashboard() || heard.contains(dashboard_topic(org, view_of(asked.getGetDashboard()))))
    return;
  if (found.isDashboard()) take_dashboard(org, found.getDashboard());
  if (found.isNothing()) take_removed_dashboard(org, view_of(asked.getGetDashboard()));
}

}  // namespace troupe::http
