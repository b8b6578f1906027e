// The cluster's map as a value: who is in the cluster, who may join, where the shards are, what is wanted.
// Read from and written to schema::ClusterMap; pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/ids.hpp"
#include "protocol/schema/cluster.capnp.h"

namespace troupe::cluster {

enum class node_state : std::uint8_t { joining, active, draining, left };
enum class rebalancing : std::uint8_t { on, paused };
// Whether a draining node leaves once it is empty.
enum class after_drain : std::uint8_t { stay, leave };

std::string_view to_string(node_state s);
std::string_view to_string(rebalancing r);

struct node_facts {
  node_id id;
  std::string name, address, client_address, zone, version;
  std::uint32_t level = 0;

  bool operator==(const node_facts&) const = default;
};

struct cluster_node {
  node_facts facts;
  node_state state = node_state::joining;
  std::int64_t admitted_us = 0, changed_us = 0;
  after_drain then = after_drain::stay;
  node_id successor;

  bool operator==(const cluster_node&) const = default;
};

struct invitation {
  std::string id, secret_hash;
  node_id node;
  std::string name, address;
  std::int64_t created_us = 0, expires_us = 0, used_us = 0;

  bool operator==(const invitation&) const = default;
};

struct placed_shard {
  shard_id shard;
  troupe::generation generation;
  std::vector<node_id> voters;
  std::int64_t since_us = 0;

  bool has(node_id node) const;
  bool operator==(const placed_shard&) const = default;
};

struct cluster_map {
  std::uint64_t version = 0;  // 0: not founded
  std::uint32_t level = 0;
  std::int64_t founded_us = 0;
  std::uint32_t replicas = 0;  // wanted of each shard, 0: see placement.hpp
  cluster::rebalancing moving = rebalancing::on;
  std::vector<cluster_node> nodes;  // by id
  std::vector<invitation> invitations;
  std::vector<placed_shard> shards;  // by shard, without gaps

  const cluster_node* find(node_id id) const;
  // Of those that have not left: by name, or by the id in hexadecimal.
  const cluster_node* find(std::string_view name) const;
  bool operator==(const cluster_map&) const = default;
};

cluster_map read_map(schema::ClusterMap::Reader in);
void write_map(const cluster_map& map, schema::ClusterMap::Builder out);

node_facts read_facts(schema::NodeFacts::Reader in);
void write_facts(const node_facts& facts, schema::NodeFacts::Builder out);

// As nodes are named where they have no name: 16 digits.
std::string hex_of(node_id id);

}  // namespace troupe::cluster
