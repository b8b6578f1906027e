// Between the shards of this node and those of the others: messages of Raft and about generations go to the actor of their
// shard, and so does the news that a connection is gone. Threads of the network run the handlers: they only hand on.
#pragma once

#include <caf/actor.hpp>

#include <vector>

#include "protocol/network.hpp"

namespace troupe::storage {

// Before 'peers' starts. 'shards' by number, replica or not; they outlive the network's handlers or just drop what comes.
void serve_peers(network& peers, std::vector<caf::actor> shards);

}  // namespace troupe::storage
