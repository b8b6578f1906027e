#include "query.hpp"

#include "keys.hpp"
#include "protocol/message.hpp"
#include "protocol/page.hpp"
#include "protocol/records.hpp"

namespace troupe::agents {

namespace {

using which = schema::Query::Which;

struct stored_agent {
  std::string agent;
  std::optional<std::string> activity;

  std::size_t bytes() const { return agent.size() + (activity ? activity->size() : 0); }
};

// The first key after the record of 'id', or the beginning of all.
std::string after(const std::string& prefix, std::string_view key, std::string_view id) {
  return id.empty() ? prefix : std::string(key) + '\0';
}

void write_agents(const std::vector<stored_agent>& items, schema::QueryResult::Builder out) {
  auto list = out.initAgents(static_cast<unsigned>(items.size()));
  for (unsigned i = 0; i < list.size(); ++i) {
    auto& item = items[i];
    list[i].setAgent(message_reader(item.agent).root<schema::Agent>());
    if (item.activity) list[i].setActivity(message_reader(*item.activity).root<schema::AgentActivity>());
  }
}

void write_tasks(const std::vector<std::string>& items, schema::QueryResult::Builder out) {
  auto list = out.initTasks(static_cast<unsigned>(items.size()));
  for (unsigned i = 0; i < list.size(); ++i) {
    list.setWithCaveats(i, message_reader(items[i]).root<schema::Task>());
    list[i].disownClaimToken();
  }
}

void get_agent(const record_reader& records, schema::Query::Reader query, schema::QueryResult::Builder out) {
  auto org = view_of(query.getOrg()), id = view_of(query.getGetAgent());
  auto agent = records.get(family::state, agent_key(org, id));
  if (!agent) return out.setNothing();
  write_agents({{std::move(*agent), records.get(family::state, agent_activity_key(org, id))}}, out);
}

bool active_since(const stored_agent& a, std::int64_t since_us) {
  if (since_us == 0) return true;
  return a.activity &&
         message_reader(*a.activity).root<schema::AgentActivity>().getLastActivityUs() >= since_us;
}

void list_agents(const record_reader& records, schema::Query::Reader query,
                 schema::QueryResult::Builder out) {
  auto asked = query.getListAgents();
  auto org = view_of(query.getOrg()), team = view_of(asked.getTeam());
  auto prefix = agents_prefix(org);
  page bounds(asked.getLimit());
  std::vector<stored_agent> items;
  std::string scanned(view_of(asked.getAfterId()));
  bool more = false;
  auto visit = [&](std::string_view, std::string_view value) {
    more = !bounds.look();
    if (more) return false;
    message_reader reader(value);
    auto agent = reader.root<schema::Agent>();
    if (team.empty() || view_of(agent.getTeam()) == team) {
      stored_agent found{std::string(value),
                         records.get(family::state, agent_activity_key(org, view_of(agent.getId())))};
      if (active_since(found, asked.getActiveSinceUs())) {
        more = !bounds.take(found.bytes());
        if (more) return false;
        items.push_back(std::move(found));
      }
    }
    scanned = view_of(agent.getId());
    return true;
  };
  records.scan(family::state, after(prefix, agent_key(org, scanned), scanned), prefix_end(prefix), visit);
  out.setMore(more);
  out.setScannedToId(scanned.c_str());
  write_agents(items, out);
}

void get_task(const record_reader& records, schema::Query::Reader query, schema::QueryResult::Builder out) {
  auto asked = query.getGetTask();
  auto task = records.get(family::state, task_key(view_of(query.getOrg()), view_of(asked.getAgentId()),
                                                  view_of(asked.getTaskId())));
  if (!task) return out.setNothing();
  write_tasks({std::move(*task)}, out);
}

std::optional<schema::TaskStatus> parse_status(std::string_view name) {
  using schema::TaskStatus;
  if (name == "pending") return TaskStatus::PENDING;
  if (name == "claimed") return TaskStatus::CLAIMED;
  if (name == "completed") return TaskStatus::COMPLETED;
  if (name == "failed") return TaskStatus::FAILED;
  if (name == "expired") return TaskStatus::EXPIRED;
  return std::nullopt;
}

void list_tasks(const record_reader& records, schema::Query::Reader query, schema::QueryResult::Builder out) {
  auto asked = query.getListTasks();
  auto org = view_of(query.getOrg()), agent = view_of(asked.getAgentId());
  auto status = parse_status(view_of(asked.getStatus()));
  if (!status && asked.getStatus().size() > 0) {
    auto refused = out.initRefused();
    refused.setCode(static_cast<std::uint16_t>(errc::invalid_argument));
    refused.setField("status");
    refused.setDetail("there is no such task status: give pending, claimed, completed, failed or expired");
    return;
  }
  auto prefix = tasks_prefix(org, agent);
  page bounds(asked.getLimit());
  std::vector<std::string> items;
  std::string scanned(view_of(asked.getAfterId()));
  bool more = false;
  auto visit = [&](std::string_view, std::string_view value) {
    more = !bounds.look();
    if (more) return false;
    message_reader reader(value);
    auto task = reader.root<schema::Task>();
    if (!status || task.getStatus() == *status) {
      more = !bounds.take(value.size());
      if (more) return false;
      items.emplace_back(value);
    }
    scanned = view_of(task.getId());
    return true;
  };
  records.scan(family::state, after(prefix, task_key(org, agent, scanned), scanned), prefix_end(prefix),
               visit);
  out.setMore(more);
  out.setScannedToId(scanned.c_str());
  write_tasks(items, out);
}

void next_pending_task(const record_reader& records, schema::Query::Reader query,
                       schema::QueryResult::Builder out) {
  auto org = view_of(query.getOrg()), agent = view_of(query.getNextPendingTask());
  auto prefix = pending_prefix(org, agent);
  std::optional<std::string> id;
  records.scan(family::state, prefix, prefix_end(prefix), [&](std::string_view key, std::string_view) {
    id = task_of_pending(key);
    return false;
  });
  if (!id) return out.setNothing();
  auto task = records.get(family::state, task_key(org, agent, *id));
  if (!task) throw machine_fault("task '" + *id + "' is in the queue but not stored");
  write_tasks({std::move(*task)}, out);
}

}  // namespace

bool agent_queries::handles(which query) const {
  switch (query) {
    case which::GET_AGENT:
    case which::LIST_AGENTS:
    case which::GET_TASK:
    case which::LIST_TASKS:
    case which::NEXT_PENDING_TASK: return true;
    default: return false;
  }
}

void agent_queries::answer(const record_reader& records, schema::Query::Reader query,
                           schema::QueryResult::Builder out) const {
  switch (query.which()) {
    case which::GET_AGENT: return get_agent(records, query, out);
    case which::LIST_AGENTS: return list_agents(records, query, out);
    case which::GET_TASK: return get_task(records, query, out);
    case which::LIST_TASKS: return list_tasks(records, query, out);
    case which::NEXT_PENDING_TASK: return next_pending_task(records, query, out);
    default: throw machine_fault("a question that is not about agents reached their queries");
  }
}

}  // namespace troupe::agents
