// Building and reading the frames of the admin protocol. Pure; reading throws kj::Exception on malformed bytes.
#pragma once

#include <capnp/message.h>

#include <span>
#include <string>
#include <vector>

#include "actors/runtime/client.hpp"
#include "node/config.hpp"
#include "protocol/frame.hpp"
#include "protocol/schema/admin.capnp.h"

namespace troupe::node {

frame admin_reply_of(capnp::MessageBuilder& message);
frame admin_refusal(const failure& f);
frame admin_settings(const std::vector<resolved_setting>& settings);
// One per shard, as the shards answered.
frame admin_results(std::span<const std::string> results);
frame admin_shards(std::span<const std::string> results);

// The shards a query concerns: an agent's, the system shard for keys, else all that hold entities.
std::vector<shard_id> shards_of(schema::Query::Reader query, const client& actors);

}  // namespace troupe::node
