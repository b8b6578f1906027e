// The feed of a shard that another node leads, as its own actor would send it: the position first, then every fact, and a
// position again after anything that may have been missed. Asks the leader's node for what follows, one question at a time
// (see feed_server.hpp), and so hears first where the leader is when it moves.
//
// Invariant: what its followers have not taken is bounded: it asks for no more meanwhile, and the leader's node lets go.
#pragma once

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

#include "actors/runtime/gateway.hpp"

namespace troupe {

// Takes (follow_atom, actor), (taken_atom, bytes), and (place_atom) when what is known of the shard has changed.
caf::actor spawn_remote_feed(caf::actor_system& system, shard_id shard, gateway_peers cluster);

}  // namespace troupe
