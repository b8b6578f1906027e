// Where a node takes the feed of each shard from: its own shard's actor while it leads the shard, else the leader's node,
// by one question after the other (remote_feed). Subscribers are told of each change, follow the new source and hear
// nothing of the old one any more.
//
// Invariant: whatever the source, a feed without facts says that it begins there: what has numbers can be read from the
// shard, what has none must be looked at again.
#pragma once

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

#include <vector>

#include "actors/runtime/gateway.hpp"

namespace troupe {

// To a subscriber: from now on that actor has the feed of the shard. It takes follow_atom and taken_atom as a shard does.
using source_atom = caf::atom_constant<caf::atom("source")>;

// Takes (follow_atom, actor) for all shards, and (place_atom, std::uint16_t shard).
caf::actor spawn_feeds(caf::actor_system& system, std::vector<caf::actor> shards, gateway_peers cluster);

}  // namespace troupe
