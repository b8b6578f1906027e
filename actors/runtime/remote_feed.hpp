// The actor around a feed_taker (feed_taker.hpp): brings it answers and time, and passes on what it takes.
#pragma once

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

#include "actors/runtime/gateway.hpp"

namespace troupe {

// Takes (follow_atom, actor), (taken_atom, bytes), and (place_atom) when what is known of the shard has changed.
caf::actor spawn_remote_feed(caf::actor_system& system, shard_id shard, gateway_peers cluster);

}  // namespace troupe
