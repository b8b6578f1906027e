// What happens to tasks: create, claim, complete, fail, expire.
#pragma once

#include "protocol/machine.hpp"

namespace troupe::agents {

void task_reads(schema::Command::Reader command, const stamp& at, read_set& keys);

outcome create_task(const view& before, schema::Command::Reader command, const stamp& at);
outcome claim_task(const view& before, schema::Command::Reader command, const stamp& at);
outcome complete_task(const view& before, schema::Command::Reader command, const stamp& at);
outcome fail_task(const view& before, schema::Command::Reader command, const stamp& at);
outcome expire_task(const view& before, schema::Command::Reader command, const stamp& at);

}  // namespace troupe::agents
