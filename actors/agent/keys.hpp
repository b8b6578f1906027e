// Keys of tasks and their timers. Those of agents are in protocol/records.hpp: events write agents too.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/schema/agent.capnp.h"

namespace troupe::agents {

std::string task_key(std::string_view org, std::string_view agent, std::string_view task);
// What all tasks of an agent begin with.
std::string tasks_prefix(std::string_view org, std::string_view agent);
std::string agents_prefix(std::string_view org);

// The queue of pending tasks: highest priority first, then oldest first.
std::string pending_key(std::string_view org, schema::Task::Reader task);
std::string pending_prefix(std::string_view org, std::string_view agent);
// The task that an entry of the queue names.
std::string task_of_pending(std::string_view key);

std::string lease_timer_key(std::string_view org, schema::Task::Reader task);
std::string deadline_timer_key(std::string_view org, schema::Task::Reader task);

}  // namespace troupe::agents
