// What is said about agents: register, update, heartbeat.
#pragma once

#include "protocol/machine.hpp"

namespace troupe::agents {

outcome register_agent(const view& before, schema::Command::Reader command, const stamp& at);
outcome update_agent(const view& before, schema::Command::Reader command, const stamp& at);
outcome heartbeat(const view& before, schema::Command::Reader command, const stamp& at);

// The lease in microseconds that 'lease_ms' asks for: 0 asks for the default.
std::int64_t lease_us(std::int64_t lease_ms);

}  // namespace troupe::agents
