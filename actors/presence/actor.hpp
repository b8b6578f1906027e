// The presence actor of a node: tells its peers who is at this node's edge, and its edge who is at theirs.
#pragma once

#include <caf/actor_system.hpp>

#include <memory>

#include "actors/runtime/presence.hpp"
#include "protocol/network.hpp"

namespace troupe {

// Before the network starts. Ends with the object; 'peers' outlives it.
std::unique_ptr<presence> spawn_presence(caf::actor_system& system, network& peers);

}  // namespace troupe
