// Agents' states on their way through the hub: conflated, and read again from their shards after anything that may have
// been missed, since they have no numbers to find a gap by.
#include <kj/exception.h>
#include <spdlog/spdlog.h>

#include "http/live/hub.hpp"
#include "protocol/limits.hpp"
#include "protocol/message.hpp"

namespace troupe::http {

namespace {

std::string entity_key(std::string_view org, std::string_view id) {
  std::string key(org);
  key.push_back('\0');
  return key.append(id);
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
  query.setGetAgent(of.id);
  return to_bytes(message);
}

}  // namespace

void hub::take_agents(schema::Feed::Reader feed) {
  auto& state = shards_[feed.getShard()];
  for (auto bytes : feed.getFacts()) {
    message_reader reader(view_of(bytes));
    auto fact = reader.root<schema::Fact>();
    if (!fact.isAgentChanged()) continue;
    auto agent = fact.getAgentChanged();
    if (state.is_rereading)
      state.heard.insert(entity_key(view_of(fact.getOrg()), view_of(agent.getAgent().getId())));
    take_agent(view_of(fact.getOrg()), agent);
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

// --- read again

void hub::began_anew(shard_id shard) {
  if (shard == system_shard && config_.keys_missed) config_.keys_missed();
  shards_[shard.value].is_stale = true;
  wake();
}

// On the hub's thread.
void hub::reread_agents() {
  for (std::uint16_t s = 1; s < shards_.size(); ++s) {
    auto& state = shards_[s];
    if (state.is_rereading || !std::exchange(state.is_stale, false)) continue;
    auto questions = std::make_shared<std::deque<std::string>>(agent_questions(shard_id(s)));
    if (questions->empty()) continue;
    state.is_rereading = true;
    reread_next(shard_id(s), std::move(questions));
  }
}

// What readers look at now: whole lists, and single agents of organisations whose list nobody looks at.
std::deque<std::string> hub::agent_questions(shard_id shard) const {
  std::deque<std::string> questions;
  for (auto& [key, a] : audiences_) {
    if (a.what->kind == topic_kind::agents) questions.push_back(list_question(a.what->org, {}));
    if (a.what->kind == topic_kind::agent && !find(a.what->org, "agents") &&
        data_.shard_of_agent(a.what->org, a.what->id) == shard)
      questions.push_back(one_question(*a.what));
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
    message_reader asked_reader(questions->front());
    auto asked = asked_reader.root<schema::Query>();
    auto org = std::string(view_of(asked.getOrg()));
    message_reader reader(*answer);
    auto found = reader.root<schema::QueryResult>();
    if (found.isAgents())
      for (auto agent : found.getAgents())
        if (!state.heard.contains(entity_key(org, view_of(agent.getAgent().getId())))) take_agent(org, agent);
    auto more = found.getMore() ? std::string(view_of(found.getScannedToId())) : std::string();
    questions->pop_front();
    if (asked.isListAgents() && !more.empty()) questions->push_front(list_question(org, more));
  } catch (const std::exception& e) {
    spdlog::warn("agents of shard {} may be shown as they were: {}", shard.value, e.what());
    state.is_stale = true;
    questions->clear();
    wake();
  } catch (const kj::Exception& e) {
    spdlog::error("agents of shard {} cannot be decoded: {}", shard.value, e.getDescription().cStr());
    questions->clear();
  }
  if (!questions->empty()) return reread_next(shard, questions);
  state.is_rereading = false;
  state.heard.clear();
  if (state.is_stale) wake();
}

}  // namespace troupe::http
