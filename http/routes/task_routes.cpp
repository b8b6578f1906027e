// Tasks of an agent: creating, listing, claiming with a lease, ending.
#include "http/routes/all_routes.hpp"
#include "http/routes/common_docs.hpp"
#include "http/routes/cursor.hpp"
#include "http/routes/parameters.hpp"
#include "http/routes/records_json.hpp"
#include "http/server/text.hpp"

namespace troupe::http {

namespace {

shard_id shard_of_request(const api_context& api, const request& r) {
  return api.actors.shard_of_agent(r.who.org, r.captures.at(0));
}

response task_answer(schema::Task::Reader task, claim_token token, int status) {
  std::string out;
  write_task_json(task, token, out);
  return response::json(std::move(out), status);
}

void create_task(api_context& api, const request_ptr& r, const responder& back) {
  body_fields f(*r);
  command_builder command(*r);
  auto body = command.body().initCreateTask();
  const auto& agent = r->captures.at(0);
  body.setAgentId(agent);
  body.setId(f.text("id", limits::id_bytes_max).value_or(""));
  body.setName(f.text("name", limits::id_bytes_max, body_fields::need::required).value_or(""));
  body.setInput(f.any("input", limits::task_json_bytes_max).value_or(""));
  body.setPriority(static_cast<std::int32_t>(f.integer("priority", -1'000'000, 1'000'000).value_or(0)));
  body.setAttemptsMax(
      static_cast<std::uint32_t>(f.integer("attempts_max", 1, limits::task_attempts_max).value_or(0)));
  body.setTimeoutMs(f.integer("timeout_ms", 1, limits::task_timeout_ms_max).value_or(0));
  if (auto refusal = f.refusal()) return back(std::move(*refusal));
  run_command(api, back, shard_of_request(api, *r), command.bytes(), [agent](schema::Reply::Reader reply) {
    auto task = reply.getTask();
    auto answer = task_answer(task, claim_token::hidden, 201);
    answer.with("Location", concat({"/api/v2/agents/", percent_encode(agent), "/tasks/",
                                    percent_encode(view_of(task.getId()))}));
    return answer;
  });
}

void list_tasks(api_context& api, const request_ptr& r, const responder& back) {
  query_fields q(*r, {"status", "limit", "cursor"});
  query_builder query(r->who.org);
  auto list = query->initListTasks();
  list.setAgentId(r->captures.at(0));
  list.setStatus(
      std::string(q.choice("status", {"", "pending", "claimed", "completed", "failed", "expired"})));
  list.setLimit(q.limit());
  if (auto text = r->parameter("cursor")) {
    auto at = parse_cursor(*text, 't');
    if (!at) q.refuse("cursor", "is no cursor of this list");
    if (at) list.setAfterId(at->text);
  }
  if (auto refusal = q.refusal()) return back(std::move(*refusal));
  run_query(api, *r, back, shard_of_request(api, *r), query.bytes(), [r](schema::QueryResult::Reader found) {
    std::string items;
    if (found.isTasks()) {
      for (auto t : found.getTasks()) {
        if (!items.empty()) items += ',';
        write_task_json(t, claim_token::hidden, items);
      }
    }
    std::optional<cursor> next;
    if (found.getMore()) {
      next = cursor{'t', 0, 0, 0, std::string(view_of(found.getScannedToId()))};
    }
    return list_response(*r, items, next);
  });
}

void get_task(api_context& api, const request_ptr& r, const responder& back) {
  query_fields q(*r, {});
  if (auto refusal = q.refusal()) return back(std::move(*refusal));
  query_builder query(r->who.org);
  auto id = query->initGetTask();
  id.setAgentId(r->captures.at(0));
  id.setTaskId(r->captures.at(1));
  run_query(api, *r, back, shard_of_request(api, *r), query.bytes(), [](schema::QueryResult::Reader found) {
    if (!found.isTasks() || found.getTasks().size() == 0) {
      return problem_response(errc::not_found, "There is no task with this id.");
    }
    return task_answer(found.getTasks()[0], claim_token::hidden, 200);
  });
}

// With a task id in the path: that one. Without: the next pending one, or 204.
void claim_task(api_context& api, const request_ptr& r, const responder& back) {
  body_fields f(*r);
  command_builder command(*r);
  auto body = command.body().initClaimTask();
  body.setAgentId(r->captures.at(0));
  bool next = r->captures.size() < 2;
  if (!next) body.setTaskId(r->captures.at(1));
  body.setLeaseMs(
      f.integer("lease_ms", limits::lease_ms_min, limits::lease_ms_max).value_or(limits::lease_ms_default));
  body.setWorker(f.text("worker", limits::id_bytes_max).value_or(""));
  if (!next) f.text("claim_token", limits::id_bytes_max);  // taken alike by claim, complete and fail
  if (auto refusal = f.refusal()) return back(std::move(*refusal));
  auto answered = [back, next](result<std::string> got) {
    back.home().post([back, next, got = std::move(got)] {
      if (!got) return back(to_response(got.error()));
      guarded(back, [&] {
        message_reader reader(*got);
        auto reply = reader.root<schema::Reply>();
        if (reply.isTask()) return back(task_answer(reply.getTask(), claim_token::shown, 200));
        if (!reply.isRefused()) return back(response::empty(204));
        auto why = failure_of(reply.getRefused());
        bool none = next && why.code == errc::not_found;
        back(none ? response::empty(204) : to_response(why));
      });
    });
  };
  api.actors.command(shard_of_request(api, *r), command.bytes(), answered);
}

void complete_task(api_context& api, const request_ptr& r, const responder& back) {
  body_fields f(*r);
  command_builder command(*r);
  auto body = command.body().initCompleteTask();
  body.setAgentId(r->captures.at(0));
  body.setTaskId(r->captures.at(1));
  body.setClaimToken(f.text("claim_token", limits::id_bytes_max, body_fields::need::required).value_or(""));
  body.setResult(f.any("result", limits::task_json_bytes_max).value_or(""));
  if (auto refusal = f.refusal()) return back(std::move(*refusal));
  run_command(api, back, shard_of_request(api, *r), command.bytes(), [](schema::Reply::Reader reply) {
    return task_answer(reply.getTask(), claim_token::hidden, 200);
  });
}

void fail_task(api_context& api, const request_ptr& r, const responder& back) {
  body_fields f(*r);
  command_builder command(*r);
  auto body = command.body().initFailTask();
  body.setAgentId(r->captures.at(0));
  body.setTaskId(r->captures.at(1));
  body.setClaimToken(f.text("claim_token", limits::id_bytes_max, body_fields::need::required).value_or(""));
  body.setError(f.text("error", limits::text_bytes_max).value_or(""));
  body.setRetry(f.flag("retry").value_or(true));
  if (auto refusal = f.refusal()) return back(std::move(*refusal));
  run_command(api, back, shard_of_request(api, *r), command.bytes(), [](schema::Reply::Reader reply) {
    return task_answer(reply.getTask(), claim_token::hidden, 200);
  });
}

const std::vector<body_doc> task_body{{"application/json", "Task", {}}};
const std::vector<body_doc> claimed_body{{"application/json", "ClaimedTask", {}}};

operation_doc claim_doc(std::string_view id, std::string_view summary,
                        std::vector<parameter_doc> parameters) {
  operation_doc d{id, "Tasks", summary,
                  "The claim lasts as long as its lease; past it the task is pending again.",
                  std::move(parameters)};
  d.bodies = {{"application/json", "Claim", R"({"lease_ms":60000,"worker":"w1"})"}};
  d.answers = {{200, "The task, with the claim_token that ends it.", claimed_body}};
  d.body_required = false;
  return d;
}

}  // namespace

void add_task_routes(api_context& api, std::vector<route>& to) {
  auto bound = [&api](auto f) {
    return [&api, f](const request_ptr& r, const responder& back) { f(api, r, back); };
  };
  to.push_back({verb::get,
                "/api/v2/agents/{id}/tasks",
                permission::read,
                bound(list_tasks),
                {"listTasks",
                 "Tasks",
                 "List the tasks of an agent",
                 "In the order of their ids.",
                 {docs::agent_id,
                  {"status", "query",
                   R"({"type":"string","enum":["pending","claimed","completed","failed","expired"]})",
                   "With this status."},
                  docs::limit,
                  docs::cursor,
                  docs::consistency},
                 {},
                 {{200, "A page of tasks.", {{"application/json", "TaskList", {}}}}}}});
  to.push_back(
      {verb::post,
       "/api/v2/agents/{id}/tasks",
       permission::ingest,
       bound(create_task),
       {"createTask",
        "Tasks",
        "Give an agent a task",
        "It waits until it is claimed.",
        {docs::agent_id, docs::idempotency},
        {{"application/json", "TaskInput", R"({"name":"summarise","input":{"doc":7},"priority":5})"}},
        {{201, "The task.", task_body}}}});
  auto next = claim_doc("claimNextTask", "Claim the next pending task", {docs::agent_id});
  next.answers.push_back({204, "Nothing is pending.", {}});
  to.push_back({verb::post, "/api/v2/agents/{id}/tasks/claim", permission::ingest, bound(claim_task),
                std::move(next)});
  to.push_back({verb::get,
                "/api/v2/agents/{id}/tasks/{task_id}",
                permission::read,
                bound(get_task),
                {"getTask",
                 "Tasks",
                 "Get one task",
                 "Without its claim token.",
                 {docs::agent_id, docs::task_id, docs::consistency},
                 {},
                 {{200, "The task.", task_body}}}});
  to.push_back({verb::post, "/api/v2/agents/{id}/tasks/{task_id}/claim", permission::ingest,
                bound(claim_task),
                claim_doc("claimTask", "Claim this task", {docs::agent_id, docs::task_id})});
  to.push_back({verb::post,
                "/api/v2/agents/{id}/tasks/{task_id}/complete",
                permission::ingest,
                bound(complete_task),
                {"completeTask",
                 "Tasks",
                 "End a task well",
                 "Only with the token of the claim in force.",
                 {docs::agent_id, docs::task_id},
                 {{"application/json", "TaskCompletion", R"({"claim_token":"t","result":{"ok":true}})"}},
                 {{200, "The task.", task_body}}}});
  to.push_back(
      {verb::post,
       "/api/v2/agents/{id}/tasks/{task_id}/fail",
       permission::ingest,
       bound(fail_task),
       {"failTask",
        "Tasks",
        "Say that a task failed",
        "With retry it is pending again until its attempts are used up.",
        {docs::agent_id, docs::task_id},
        {{"application/json", "TaskFailure", R"({"claim_token":"t","error":"no model","retry":true})"}},
        {{200, "The task.", task_body}}}});
}

}  // namespace troupe::http
