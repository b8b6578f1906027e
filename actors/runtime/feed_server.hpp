// The actor around a feed_giver (feed_giver.hpp): brings it questions, feeds and time.
#pragma once

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

#include <vector>

#include "actors/runtime/feed_giver.hpp"
#include "actors/runtime/gateway.hpp"

namespace troupe {

// From the network to the feed server; never leaves the process.
struct feed_asked {
  node_id from;
  feed_question question;
  network::reply_to reply;
};
using feed_asked_ptr = std::shared_ptr<feed_asked>;

// To the feed server: that node is gone.
using gone_atom = caf::atom_constant<caf::atom("gone")>;

// Takes feed_asked_ptr, (place_atom, std::uint16_t shard) and (gone_atom, std::uint64_t node).
caf::actor spawn_feed_server(caf::actor_system& system, std::vector<caf::actor> shards,
                             gateway_peers cluster);

}  // namespace troupe

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::feed_asked_ptr)
