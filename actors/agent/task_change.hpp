// One task while a command changes it, with its agent: every change of status keeps the queue of pending tasks,
// the agent's load and the task's timers in step.
//
// Owned by one apply().
//
//   pending -> claimed -> completed | failed | pending again
//   pending | claimed -> expired
#pragma once

#include "agent_change.hpp"
#include "protocol/machine.hpp"

namespace troupe::agents {

class task_change {
 public:
  // Both records must be among the command's reads.
  task_change(const view& before, capnp::Text::Reader org, capnp::Text::Reader agent, capnp::Text::Reader id,
              const stamp& at);

  bool known() const { return known_; }
  agent_change& agent() { return agent_; }
  schema::Task::Builder task() { return task_.getRoot<schema::Task>(); }
  bool ended();

  // A task that was not known: fills in what every new task has; the rest is the caller's. Then enter(PENDING).
  schema::Task::Builder create();
  // From one status to another. Claim and deadline fields of the task are as before the change.
  void leave();
  // 'next' with the fields of the task as they are to be stored.
  void enter(schema::TaskStatus next);
  // The timer of the lease or of the deadline fired too early: set it again.
  void set_lease_timer();
  void set_deadline_timer();

  void write();
  outcome finish(std::string reply);
  // The reply that shows the task; only the claimer is shown the token.
  std::string reply_without_token();
  std::string reply_with_token();

 private:
  void set_timer(const std::string& key, std::int64_t due_us, std::uint32_t attempt);

  capnp::Text::Reader org_;
  capnp::Text::Reader agent_id_;
  capnp::Text::Reader id_;
  const stamp& at_;
  agent_change agent_;
  bool known_ = false;
  capnp::MallocMessageBuilder task_;
  outcome out_;
};

}  // namespace troupe::agents
