// Agents, tasks, keys and rollups as the public JSON. Pure functions; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/rollup.hpp"
#include "protocol/schema/agent.capnp.h"
#include "protocol/schema/api_key.capnp.h"
#include "protocol/schema/reply.capnp.h"

namespace troupe::http {

class object_writer;

// "tokens":{"input":..,"output":..,"cache_read":..,"cache_write":..,"reasoning":..}
void write_token_counts(const token_counts& t, object_writer& to);

// "active": seen in the last five minutes, and it did not say otherwise with its last heartbeat. "offline": by its own
// word, or its lease lapsed, or without a lease it was not seen for an hour. "idle": by its own word, or between the two. What
// an agent said holds until it is seen after the end of that heartbeat's lease.
std::string_view agent_status(schema::AgentActivity::Reader activity, std::int64_t now_us);

void write_agent_json(schema::AgentState::Reader agent, std::int64_t now_us, std::string& out);
enum class claim_token : bool { hidden, shown };
void write_task_json(schema::Task::Reader task, claim_token token, std::string& out);
void write_key_json(schema::ApiKey::Reader key, std::string& out);
void write_rollup_json(std::int64_t time_us, std::string_view key, const rollup& figures, std::string& out);

}  // namespace troupe::http
