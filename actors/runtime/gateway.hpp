// The actor around a dispatch (dispatch.hpp): brings it messages and time, and asks the router, the shards and the network.
#pragma once

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>
#include <caf/allowed_unsafe_message_type.hpp>

#include <vector>

#include "actors/runtime/dispatch.hpp"
#include "actors/runtime/router.hpp"

namespace troupe {

// Takes call_ptr and (place_atom, std::uint16_t shard).
caf::actor spawn_gateway(caf::actor_system& system, caf::actor router, std::vector<caf::actor> shards,
                         gateway_peers cluster);

}  // namespace troupe

// From a thread of the edge or of the network to a gateway; never leaves the process.
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::call_ptr)
