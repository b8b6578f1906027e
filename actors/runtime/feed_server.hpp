// Gives the feeds of the shards that this node leads to those of other nodes, once for each node and shard. A question is
// answered when there is something to tell, or after a while; what comes between two questions is kept for the next.
//
// Invariant: what is kept for a node is bounded: beyond the bound it is let go, and the next answer says where the shard
// stands, so that the other node reads what it missed.
#pragma once

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

#include <vector>

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
