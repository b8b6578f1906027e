#include "keys.hpp"

#include "protocol/message.hpp"
#include "protocol/records.hpp"

namespace troupe::agents {

namespace {

std::uint64_t ordered(std::int32_t priority) {
  return static_cast<std::uint64_t>(std::int64_t{priority}) ^ (1ULL << 63);
}

}  // namespace

std::string task_key(std::string_view org, std::string_view agent, std::string_view task) {
  return key_writer(record_tag::task).text(org).text(agent).text(task).str();
}

std::string tasks_prefix(std::string_view org, std::string_view agent) {
  return key_writer(record_tag::task).text(org).text(agent).str();
}

std::string agents_prefix(std::string_view org) { return key_writer(record_tag::agent).text(org).str(); }

std::string pending_key(std::string_view org, schema::Task::Reader task) {
  return key_writer(record_tag::task_pending)
      .text(org)
      .text(view_of(task.getAgentId()))
      .u64_descending(ordered(task.getPriority()))
      .i64(task.getCreatedUs())
      .text(view_of(task.getId()))
      .str();
}

std::string pending_prefix(std::string_view org, std::string_view agent) {
  return key_writer(record_tag::task_pending).text(org).text(agent).str();
}

std::string task_of_pending(std::string_view key) {
  key_reader in(key);
  in.tag();
  in.text();
  in.text();
  in.u64();
  in.i64();
  auto task = in.text();
  if (!in.ok()) throw machine_fault("an entry in the queue of pending tasks cannot be read");
  return task;
}

std::string lease_timer_key(std::string_view org, schema::Task::Reader task) {
  return timer_key(task.getLeaseUntilUs(), timer::task_lease)
      .text(org)
      .text(view_of(task.getAgentId()))
      .text(view_of(task.getId()))
      .u64(task.getAttempt())
      .str();
}

std::string deadline_timer_key(std::string_view org, schema::Task::Reader task) {
  return timer_key(task.getDeadlineUs(), timer::task_deadline)
      .text(org)
      .text(view_of(task.getAgentId()))
      .text(view_of(task.getId()))
      .str();
}

}  // namespace troupe::agents
