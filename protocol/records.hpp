// Records that more than one machine, or the shells, know by key: agents, counters, timers. The other keys are
// their entity's own: actors/<entity>/keys.hpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/key.hpp"
#include "protocol/machine.hpp"

namespace troupe {

std::string counters_key();
std::string agent_key(std::string_view org, std::string_view agent);
std::string agent_activity_key(std::string_view org, std::string_view agent);

// What is due, in the key of its outbox record. Never renumber.
enum class timer : std::uint8_t {
  task_lease = 1,     // (org, agent, task, attempt)
  task_deadline = 2,  // (org, agent, task)
};
// The key's beginning: storage looks for what is due by time alone.
key_writer timer_key(std::int64_t due_us, timer what);
// When the record at this key is due; nothing if it is no key of the outbox.
std::optional<std::int64_t> due_of_timer(std::string_view key);

// An agent at first sight: version 1, nothing declared.
void init_agent(schema::Agent::Builder agent, capnp::Text::Reader org, capnp::Text::Reader id,
                const stamp& at);

}  // namespace troupe
