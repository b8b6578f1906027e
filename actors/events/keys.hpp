// Keys of events and rollups. Each function writes into the given writer's memory: appending makes many.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/cells.hpp"
#include "protocol/ids.hpp"
#include "protocol/key.hpp"
#include "protocol/schema/query.capnp.h"
#include "protocol/uuid.hpp"

namespace troupe::events {

// A block is named by the number of its last event.
const std::string& block_key(key_writer& to, event_seq last);
// Ids that hold their time (UUIDv7) lie together, in the order of time.
const std::string& by_id_key(key_writer& to, std::string_view org, const uuid& id);
const std::string& by_time_key(key_writer& to, std::string_view org, std::int64_t newest_us, event_seq block);
const std::string& by_agent_key(key_writer& to, std::string_view org, std::string_view agent,
                                std::int64_t newest_us, event_seq block);
const std::string& by_trace_key(key_writer& to, std::string_view org, std::string_view trace,
                                std::int64_t newest_us, event_seq block);
const std::string& rollup_key(key_writer& to, std::string_view org, schema::Resolution resolution,
                              schema::Dimension dimension, std::int64_t start_us, std::string_view key);
// What all rollups of one resolution and dimension begin with.
std::string rollup_prefix(std::string_view org, schema::Resolution resolution, schema::Dimension dimension);

// The value of a by_id record.
std::string encode_seq(event_seq seq);
event_seq decode_seq(std::string_view value);

}  // namespace troupe::events
