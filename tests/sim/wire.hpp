// A node's end of the simulated network. Of two kinds: loose_wire promises what troupe::network does and no more,
// channel_wire is what nodes have, over connections.
#pragma once

#include <memory>

#include "protocol/network.hpp"
#include "tests/sim/world.hpp"

namespace troupe::sim {

class wire : public network {
 public:
  // Between replicas of the shard; lost where there is no way.
  virtual void send(node_id to, channel by, std::string bytes) = 0;

  // Now and then, where the network would let it.
  virtual void connect(node_id peer) = 0;
  // What was asked and not answered fails.
  virtual void disconnect(node_id peer) = 0;
  // Both ends are of one connection, if there are such.
  virtual bool is_whole(node_id peer) const = 0;
};

// Of the kind that the run is drawn for.
std::unique_ptr<wire> make_wire(world& w, node& home);

}  // namespace troupe::sim
