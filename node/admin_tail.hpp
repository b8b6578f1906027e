// A follower of the feed for one troupectl: see admin.hpp.
#pragma once

#include <caf/actor.hpp>
#include <caf/local_actor.hpp>

#include <string>

#include "actors/runtime/client.hpp"

namespace troupe::node {

// Ends when it is told to, with the peer, or when the peer falls behind. 'agent' empty: of all agents.
// 'actors' must outlive it.
caf::actor spawn_tail(caf::local_actor& owner, caf::actor peer, std::string agent, client& actors);

// Does an encoded Feed concern the agent?
bool concerns(std::string_view feed, std::string_view agent);

}  // namespace troupe::node
