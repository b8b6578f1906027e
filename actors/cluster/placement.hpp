// Who should vote in which shard, and who should lead it: pure functions of what is known of nodes and shards. They give one
// step at a time; whoever carries it out looks again and asks for the next one, until there is none.
//
// Invariants:
// - a step takes at most one voter away from a shard, and none unless its others are a live majority of the voters it has;
//   of two voters one goes only while both live;
// - whoever becomes a voter is active, lives, has room on its disk and none of the shard's other replicas;
// - nothing moves that need not: first nodes that drain are emptied, then shards get as many replicas as are wanted, then
//   zones and loads are balanced, and only by moves that make it better by a margin, so that the steps come to an end.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "map.hpp"

namespace troupe::cluster {

// Alive, as far as can be seen from here.
enum class presence : std::uint8_t { alive, silent };
// Whether its disk takes what clients write; who is short of it follows, and leads nothing that another can lead.
enum class disk_room : std::uint8_t { enough, short_of };

struct known_node {
  node_id id;
  std::string zone;
  node_state state = node_state::active;
  cluster::presence presence = presence::alive;
  node_id successor;  // of a draining node
  disk_room disk = disk_room::enough;
};

struct known_shard {
  shard_id id;
  troupe::generation generation;
  std::vector<node_id> voters;
  node_id leader;  // 0: none is known
  std::uint64_t bytes = 0;
  // All living voters are in this generation and have caught up: it may change again.
  enum class condition : std::uint8_t { settled, changing } now = condition::settled;
};

struct known_cluster {
  std::vector<known_node> nodes;
  std::vector<known_shard> shards;
  std::uint32_t replicas = 0;  // 0: three where there are as many active nodes, else one
  rebalancing moving = rebalancing::on;
};

struct placement_step {
  shard_id shard;
  troupe::generation from;  // the generation that this leaves
  std::vector<node_id> voters;
  std::string why;
};

struct transfer_step {
  shard_id shard;
  node_id from, to;
  // Of a node that should lead nothing, which does not wait for quiet; or only to be even.
  enum class reason : std::uint8_t { leaves, evens } why = reason::evens;
};

// How many replicas each shard should have, given how many nodes are active: never more than those, and not an even
// number unless that was asked for, since it survives no more.
std::uint32_t replicas_wanted(std::uint32_t setting, std::size_t active_nodes);

// The most urgent step. Nothing: all is as wanted, or has to wait.
std::optional<placement_step> next_placement(const known_cluster& now);
// Who should hand a shard to whom, so that nodes that drain or are short of disk lead nothing and the others about the same
// number.
std::optional<transfer_step> next_transfer(const known_cluster& now);

}  // namespace troupe::cluster
