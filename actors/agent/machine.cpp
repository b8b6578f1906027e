#include "machine.hpp"

#include "agent_change.hpp"
#include "registration.hpp"
#include "task.hpp"

namespace troupe::agents {

namespace {

using body = schema::Command::Body;

}  // namespace

bool agent_machine::handles(body::Which command) const {
  switch (command) {
    case body::REGISTER_AGENT:
    case body::UPDATE_AGENT:
    case body::HEARTBEAT:
    case body::CREATE_TASK:
    case body::CLAIM_TASK:
    case body::COMPLETE_TASK:
    case body::FAIL_TASK:
    case body::EXPIRE_TASK: return true;
    default: return false;
  }
}

void agent_machine::reads(schema::Command::Reader command, const stamp& at, read_set& keys) const {
  auto named = command.getBody();
  auto org = view_of(command.getOrg());
  switch (named.which()) {
    case body::REGISTER_AGENT:
      return agent_change::reads(org, view_of(named.getRegisterAgent().getId()), keys);
    case body::UPDATE_AGENT: return agent_change::reads(org, view_of(named.getUpdateAgent().getId()), keys);
    case body::HEARTBEAT: return agent_change::reads(org, view_of(named.getHeartbeat().getAgentId()), keys);
    default: return task_reads(command, at, keys);
  }
}

outcome agent_machine::apply(const view& before, schema::Command::Reader command, const stamp& at) const {
  switch (command.getBody().which()) {
    case body::REGISTER_AGENT: return register_agent(before, command, at);
    case body::UPDATE_AGENT: return update_agent(before, command, at);
    case body::HEARTBEAT: return heartbeat(before, command, at);
    case body::CREATE_TASK: return create_task(before, command, at);
    case body::CLAIM_TASK: return claim_task(before, command, at);
    case body::COMPLETE_TASK: return complete_task(before, command, at);
    case body::FAIL_TASK: return fail_task(before, command, at);
    case body::EXPIRE_TASK: return expire_task(before, command, at);
    default: throw machine_fault("a command that is not about agents reached their machine");
  }
}

}  // namespace troupe::agents
