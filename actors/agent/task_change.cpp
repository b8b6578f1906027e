#include "task_change.hpp"

#include "keys.hpp"

namespace troupe::agents {

namespace {

using schema::TaskStatus;

std::int64_t fewer(std::int64_t count) {
  if (count <= 0) throw machine_fault("an agent's load would fall below zero");
  return count - 1;
}

}  // namespace

task_change::task_change(const view& before, capnp::Text::Reader org, capnp::Text::Reader agent,
                         capnp::Text::Reader id, const stamp& at)
    : org_(org), agent_id_(agent), id_(id), at_(at), agent_(before, org, agent, at) {
  auto bytes = before.get(family::state, task_key(view_of(org), view_of(agent), view_of(id)));
  known_ = bytes.has_value();
  if (!known_) return;
  message_reader old(*bytes);
  task_.setRoot(old.root<schema::Task>());
}

bool task_change::ended() {
  return task().getStatus() != TaskStatus::PENDING && task().getStatus() != TaskStatus::CLAIMED;
}

schema::Task::Builder task_change::create() {
  auto task = task_.initRoot<schema::Task>();
  task.setId(id_);
  task.setAgentId(agent_id_);
  task.setCreatedUs(at_.time_us);
  return task;
}

void task_change::leave() {
  auto load = agent_.activity();
  if (task().getStatus() == TaskStatus::PENDING) {
    load.setPendingTasks(fewer(load.getPendingTasks()));
    out_.changes.erase(family::state, pending_key(view_of(org_), task().asReader()));
  } else if (task().getStatus() == TaskStatus::CLAIMED) {
    load.setClaimedTasks(fewer(load.getClaimedTasks()));
    out_.changes.erase(family::outbox, lease_timer_key(view_of(org_), task().asReader()));
  }
}

void task_change::enter(TaskStatus next) {
  auto load = agent_.activity();
  auto t = task();
  t.setStatus(next);
  t.setUpdatedUs(at_.time_us);
  switch (next) {
    case TaskStatus::PENDING:
      load.setPendingTasks(load.getPendingTasks() + 1);
      t.setLeaseUntilUs(0);
      t.disownClaimToken();
      t.disownWorker();
      out_.changes.put(family::state, pending_key(view_of(org_), t.asReader()), {});
      return;
    case TaskStatus::CLAIMED:
      load.setClaimedTasks(load.getClaimedTasks() + 1);
      set_lease_timer();
      return;
    case TaskStatus::COMPLETED: load.setCompletedTasks(load.getCompletedTasks() + 1); break;
    case TaskStatus::EXPIRED: t.disownClaimToken(); [[fallthrough]];
    case TaskStatus::FAILED: load.setFailedTasks(load.getFailedTasks() + 1); break;
  }
  t.setLeaseUntilUs(0);
  if (t.getDeadlineUs() != 0)
    out_.changes.erase(family::outbox, deadline_timer_key(view_of(org_), t.asReader()));
}

void task_change::set_lease_timer() {
  auto t = task().asReader();
  set_timer(lease_timer_key(view_of(org_), t), t.getLeaseUntilUs(), t.getAttempt());
}

void task_change::set_deadline_timer() {
  auto t = task().asReader();
  set_timer(deadline_timer_key(view_of(org_), t), t.getDeadlineUs(), 0);
}

void task_change::set_timer(const std::string& key, std::int64_t due_us, std::uint32_t attempt) {
  capnp::MallocMessageBuilder later;
  auto command = later.initRoot<schema::Command>();
  command.setOrg(org_);
  command.setPrincipal("node");
  auto expire = command.initBody().initExpireTask();
  expire.setAgentId(agent_id_);
  expire.setTaskId(id_);
  expire.setAttempt(attempt);
  auto encoded = to_bytes(later);
  capnp::MallocMessageBuilder message;
  auto record = message.initRoot<schema::OutboxRecord>();
  record.setDueUs(due_us);
  record.setCommand(data_of(encoded));
  out_.changes.put(family::outbox, key, to_bytes(message));
}

void task_change::write() {
  out_.changes.put_kept(family::state, task_key(view_of(org_), view_of(agent_id_), view_of(id_)),
                        to_bytes(task_));
  capnp::MallocMessageBuilder message;
  auto fact = message.initRoot<schema::Fact>();
  fact.setOrg(org_);
  fact.setTaskChanged(task().asReader());
  fact.getTaskChanged().disownClaimToken();
  out_.facts.push_back(to_bytes(message));
  agent_.write(out_);
}

outcome task_change::finish(std::string reply) {
  out_.reply = std::move(reply);
  return std::move(out_);
}

std::string task_change::reply_with_token() {
  capnp::MallocMessageBuilder message;
  message.initRoot<schema::Reply>().setTask(task().asReader());
  return to_bytes(message);
}

std::string task_change::reply_without_token() {
  capnp::MallocMessageBuilder message;
  auto reply = message.initRoot<schema::Reply>();
  reply.setTask(task().asReader());
  reply.getTask().disownClaimToken();
  return to_bytes(message);
}

}  // namespace troupe::agents
