// The actor behind the cluster port: takes hellos, checks who says them, asks whether they may come in, and hands them to the
// link of their node, or sends them away in words. Also runs what this node posts to itself.
#pragma once

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

#include <functional>

#include "node/cluster/link.hpp"
#include "node/cluster/peer_network.hpp"

namespace troupe::node {

using job = std::function<void()>;

struct desk_sources {
  std::shared_ptr<const peer_self> self;
  admission admit;
  std::function<caf::actor(node_id)> link_of;  // made when there is none; empty when the network stops
  std::shared_ptr<storage::rollback_guard> marks;
};

using listening_atom = caf::atom_constant<caf::atom("listening")>;

//   frame(peer_hello)              from the link of another node
//   turned_away_ptr                from a link of ours
//   (listening_atom, port)         strangers at that port are swept away from now on
//   job                            is run
caf::actor spawn_desk(caf::actor_system& system, desk_sources from);

}  // namespace troupe::node

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::node::job)
