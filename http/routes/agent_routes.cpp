// Agents: registering, changing, listing over all shards, who is active, heartbeats.
#include <algorithm>

#include "http/routes/agent_list.hpp"
#include "http/routes/all_routes.hpp"
#include "http/routes/common_docs.hpp"
#include "http/routes/cursor.hpp"
#include "http/routes/if_match.hpp"
#include "http/routes/parameters.hpp"
#include "http/routes/records_json.hpp"
#include "http/server/text.hpp"

namespace troupe::http {

namespace {

constexpr std::size_t active_agents_max = 10'000;

template <class Init>
void set_texts(Init init, const std::vector<std::string>& texts) {
  auto list = init(static_cast<unsigned>(texts.size()));
  for (unsigned i = 0; i < texts.size(); ++i) list.set(i, texts[i]);
}

response agent_answer(schema::AgentState::Reader agent, int status) {
  std::string out;
  write_agent_json(agent, now_us(), out);
  auto answer = response::json(std::move(out), status);
  answer.with("ETag", version_etag(agent.getAgent().getVersion()));
  return answer;
}

void register_agent(api_context& api, const request_ptr& r, const responder& back) {
  body_fields f(*r);
  auto id = f.text("id", limits::id_bytes_max, body_fields::need::required);
  command_builder command(*r);
  auto body = command.body().initRegisterAgent();
  body.setName(f.text("name", limits::id_bytes_max).value_or(""));
  body.setTeam(f.text("team", limits::id_bytes_max).value_or(""));
  body.setMetadata(f.object("metadata", limits::attributes_bytes_max).value_or(""));
  auto init_tags = [&](unsigned n) { return body.initTags(n); };
  auto init_capabilities = [&](unsigned n) { return body.initCapabilities(n); };
  set_texts(init_tags, f.texts("tags").value_or(std::vector<std::string>()));
  set_texts(init_capabilities, f.texts("capabilities").value_or(std::vector<std::string>()));
  if (auto refusal = f.refusal()) return back(std::move(*refusal));
  body.setId(*id);
  auto where = api.actors.shard_of_agent(r->who.org, *id);
  run_command(api, back, where, command.bytes(), [id = *id](schema::Reply::Reader reply) {
    auto state = reply.getAgent();
    auto answer = agent_answer(state, state.getCreated() ? 201 : 200);
    if (state.getCreated()) answer.with("Location", concat({"/api/v2/agents/", percent_encode(id)}));
    return answer;
  });
}

void update_agent(api_context& api, const request_ptr& r, const responder& back) {
  const auto& id = r->captures.at(0);
  auto version = version_wanted(*r);
  if (!version)
    return back(problem_response(errc::version_mismatch, "If-Match names no version of an agent."));
  body_fields f(*r);
  command_builder command(*r);
  auto body = command.body().initUpdateAgent();
  body.setId(id);
  body.setIfVersion(*version);
  if (auto name = f.text("name", limits::id_bytes_max)) {
    body.setSetName(true);
    body.setName(*name);
  }
  if (auto team = f.text("team", limits::id_bytes_max)) {
    body.setSetTeam(true);
    body.setTeam(*team);
  }
  if (auto tags = f.texts("tags")) {
    body.setSetTags(true);
    set_texts([&](unsigned n) { return body.initTags(n); }, *tags);
  }
  if (auto capabilities = f.texts("capabilities")) {
    body.setSetCapabilities(true);
    set_texts([&](unsigned n) { return body.initCapabilities(n); }, *capabilities);
  }
  if (auto metadata = f.object("metadata", limits::attributes_bytes_max)) {
    body.setSetMetadata(true);
    body.setMetadata(*metadata);
  }
  if (auto refusal = f.refusal()) return back(std::move(*refusal));
  run_command(api, back, api.actors.shard_of_agent(r->who.org, id), command.bytes(),
              [](schema::Reply::Reader reply) { return agent_answer(reply.getAgent(), 200); });
}

void get_agent(api_context& api, const request_ptr& r, const responder& back) {
  query_fields q(*r, {});
  if (auto refusal = q.refusal()) return back(std::move(*refusal));
  const auto& id = r->captures.at(0);
  query_builder query(r->who.org);
  query->setGetAgent(id);
  run_query(api, *r, back, api.actors.shard_of_agent(r->who.org, id), query.bytes(),
            [](schema::QueryResult::Reader found) {
              if (!found.isAgents() || found.getAgents().size() == 0) {
                return problem_response(errc::not_found, "There is no agent with this id.");
              }
              return agent_answer(found.getAgents()[0], 200);
            });
}

void heartbeat(api_context& api, const request_ptr& r, const responder& back) {
  body_fields f(*r);
  command_builder command(*r);
  auto body = command.body().initHeartbeat();
  const auto& id = r->captures.at(0);
  body.setAgentId(id);
  body.setLeaseMs(
      f.integer("lease_ms", limits::lease_ms_min, limits::lease_ms_max).value_or(limits::lease_ms_default));
  body.setStatus(f.text("status", 64).value_or(""));
  if (auto refusal = f.refusal()) return back(std::move(*refusal));
  run_command(api, back, api.actors.shard_of_agent(r->who.org, id), command.bytes(),
              [](schema::Reply::Reader reply) {
                return reply.isAgent() ? agent_answer(reply.getAgent(), 200) : response::empty(204);
              });
}

void list_agents(api_context& api, const request_ptr& r, const responder& back) {
  query_fields q(*r, {"team", "status", "limit", "cursor"});
  agent_list_request ask;
  ask.org = r->who.org;
  ask.team = q.text("team");
  ask.status = q.choice("status", {"", "active", "idle", "offline"});
  ask.limit = q.limit();
  ask.level = consistency_of(*r);
  if (auto text = r->parameter("cursor")) {
    auto at = parse_cursor(*text, 'a');
    if (!at) q.refuse("cursor", "is no cursor of this list");
    if (at) ask.after_id = at->text;
  }
  if (auto refusal = q.refusal()) return back(std::move(*refusal));
  collect_agents(api, back, std::move(ask), [r, back](const id_list_page& page) {
    std::optional<cursor> next;
    if (!page.next_after_id.empty()) next = cursor{'a', 0, 0, 0, page.next_after_id};
    auto answer = list_response(*r, page.items, next);
    for (const auto& [name, value] : page.headers) answer.with(name, value);
    back(std::move(answer));
  });
}

void active_agents(api_context& api, const request_ptr& r, const responder& back) {
  query_fields q(*r, {"team"});
  agent_list_request ask;
  ask.org = r->who.org;
  ask.team = q.text("team");
  ask.status = "active";
  ask.active_since_us = now_us() - limits::agent_active_ms * 1000;  // those whose status it can be
  ask.limit = active_agents_max;
  ask.level = consistency_of(*r);
  if (auto refusal = q.refusal()) return back(std::move(*refusal));
  collect_agents(api, back, std::move(ask), [back](const id_list_page& page) {
    auto answer = response::json(concat({"{\"active_count\":", std::to_string(page.count),
                                         ",\"truncated\":", page.next_after_id.empty() ? "false" : "true",
                                         ",\"agents\":[", page.items, "]}"}));
    for (const auto& [name, value] : page.headers) answer.with(name, value);
    back(std::move(answer));
  });
}

const std::vector<body_doc> agent_body{{"application/json", "Agent", {}}};

}  // namespace

void add_agent_routes(api_context& api, std::vector<route>& to) {
  auto bound = [&api](auto f) {
    return [&api, f](const request_ptr& r, const responder& back) { f(api, r, back); };
  };
  to.push_back({verb::get,
                "/api/v2/agents",
                permission::read,
                bound(list_agents),
                {"listAgents",
                 "Agents",
                 "List agents",
                 "In the order of their ids.",
                 {{"team", "query", docs::text, "Of this team."},
                  {"status", "query", R"({"type":"string","enum":["active","idle","offline"]})",
                   "With this status now."},
                  docs::limit,
                  docs::cursor,
                  docs::consistency},
                 {},
                 {{200, "A page of agents.", {{"application/json", "AgentList", {}}}}}}});
  to.push_back(
      {verb::post,
       "/api/v2/agents",
       permission::ingest,
       bound(register_agent),
       {"registerAgent",
        "Agents",
        "Register an agent",
        "Agents are also registered by their first event; registering again changes what is said here.",
        {docs::idempotency},
        {{"application/json", "AgentInput",
          R"({"id":"neuroscientist","team":"research","capabilities":["hypothesis_formation"]})"}},
        {{201, "A new agent.", agent_body}, {200, "An agent that was known.", agent_body}}}});
  to.push_back({verb::get,
                "/api/v2/agents/active",
                permission::read,
                bound(active_agents),
                {"listActiveAgents",
                 "Agents",
                 "Who is active",
                 "Agents whose status is active: seen in the last five minutes, by an event, a heartbeat, "
                 "work on a task or by registering, unless they said with their last heartbeat that they are "
                 "idle or offline. At most 10000, first those with the lowest ids: 'truncated' says that "
                 "there may be more, and 'active_count' counts those that are listed. "
                 "/api/v2/agents?status=active lists the same, page by page.",
                 {{"team", "query", docs::text, "Of this team."}, docs::consistency},
                 {},
                 {{200, "The active agents.", {{"application/json", "ActiveAgents", {}}}}}}});
  to.push_back({verb::get,
                "/api/v2/agents/{id}",
                permission::read,
                bound(get_agent),
                {"getAgent",
                 "Agents",
                 "Get one agent",
                 "With its ETag, for If-Match.",
                 {docs::agent_id, docs::consistency},
                 {},
                 {{200, "The agent.", agent_body}}}});
  to.push_back(
      {verb::patch,
       "/api/v2/agents/{id}",
       permission::ingest,
       bound(update_agent),
       {"updateAgent",
        "Agents",
        "Change an agent",
        "Fields that are not sent stay.",
        {docs::agent_id,
         {"If-Match", "header", docs::text, "Only if this is still its ETag; else 412.", "\"\\\"3\\\"\""},
         docs::idempotency},
        {{"application/json", "AgentChange", R"({"team":"research"})"}},
        {{200, "The agent as it is now.", agent_body}}}});
  to.push_back({verb::post,
                "/api/v2/agents/{id}/heartbeat",
                permission::ingest,
                bound(heartbeat),
                {"heartbeat",
                 "Agents",
                 "Say that an agent lives",
                 "A sign of life: the agent is active for five minutes. While the lease lasts it is at least "
                 "idle; when it has ended without a further sign of life, offline. A status of idle or "
                 "offline is taken at its word until the agent is seen after that lease; any other text is "
                 "the agent's own affair.",
                 {docs::agent_id},
                 {{"application/json", "Heartbeat", R"({"lease_ms":60000})"}},
                 {{200, "The agent.", agent_body}},
                 false}});
}

}  // namespace troupe::http
