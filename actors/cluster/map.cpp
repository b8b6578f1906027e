#include "map.hpp"

#include <algorithm>

#include "protocol/message.hpp"

namespace troupe::cluster {

namespace {

std::string text(capnp::Text::Reader t) { return std::string(view_of(t)); }

cluster_node read_node(schema::ClusterNode::Reader in) {
  cluster_node n;
  n.facts = {node_id(in.getId()), text(in.getName()),    text(in.getAddress()), text(in.getClientAddress()),
             text(in.getZone()),  text(in.getVersion()), in.getLevel()};
  n.state = static_cast<node_state>(in.getState());
  n.admitted_us = in.getAdmittedUs();
  n.changed_us = in.getChangedUs();
  n.then = in.getRemoving() ? after_drain::leave : after_drain::stay;
  n.successor = node_id(in.getSuccessor());
  return n;
}

void write_node(const cluster_node& n, schema::ClusterNode::Builder out) {
  out.setId(n.facts.id.value);
  out.setName(n.facts.name);
  out.setState(static_cast<schema::NodeState>(n.state));
  out.setAddress(n.facts.address);
  out.setClientAddress(n.facts.client_address);
  out.setZone(n.facts.zone);
  out.setVersion(n.facts.version);
  out.setLevel(n.facts.level);
  out.setAdmittedUs(n.admitted_us);
  out.setChangedUs(n.changed_us);
  out.setRemoving(n.then == after_drain::leave);
  out.setSuccessor(n.successor.value);
}

invitation read_invitation(schema::Invitation::Reader in) {
  return {text(in.getId()),        std::string(view_of(in.getSecretHash())),
          node_id(in.getNodeId()), text(in.getName()),
          text(in.getAddress()),   in.getCreatedUs(),
          in.getExpiresUs(),       in.getUsedUs()};
}

void write_invitation(const invitation& i, schema::Invitation::Builder out) {
  out.setId(i.id);
  out.setSecretHash(data_of(i.secret_hash));
  out.setNodeId(i.node.value);
  out.setName(i.name);
  out.setAddress(i.address);
  out.setCreatedUs(i.created_us);
  out.setExpiresUs(i.expires_us);
  out.setUsedUs(i.used_us);
}

}  // namespace

std::string_view to_string(node_state s) {
  switch (s) {
    case node_state::joining: return "joining";
    case node_state::active: return "active";
    case node_state::draining: return "draining";
    case node_state::left: return "left";
  }
  return "unknown";
}

std::string_view to_string(rebalancing r) { return r == rebalancing::on ? "on" : "paused"; }

bool placed_shard::has(node_id node) const {
  return std::find(voters.begin(), voters.end(), node) != voters.end();
}

const cluster_node* cluster_map::find(node_id id) const {
  for (const auto& n : nodes)
    if (n.facts.id == id) return &n;
  return nullptr;
}

const cluster_node* cluster_map::find(std::string_view name) const {
  for (const auto& n : nodes)
    if (n.state != node_state::left && (n.facts.name == name || hex_of(n.facts.id) == name)) return &n;
  return nullptr;
}

cluster_map read_map(schema::ClusterMap::Reader in) {
  cluster_map map;
  map.version = in.getVersion();
  map.level = in.getLevel();
  map.founded_us = in.getFoundedUs();
  map.replicas = in.getSettings().getReplicas();
  map.moving = in.getSettings().getRebalancing() == schema::Rebalancing::PAUSED ? rebalancing::paused
                                                                                : rebalancing::on;
  for (auto n : in.getNodes()) map.nodes.push_back(read_node(n));
  for (auto i : in.getInvitations()) map.invitations.push_back(read_invitation(i));
  for (auto s : in.getShards()) {
    placed_shard placed{shard_id(s.getShard()), generation(s.getGeneration()), {}, s.getSinceUs()};
    for (auto v : s.getVoters()) placed.voters.emplace_back(v);
    map.shards.push_back(std::move(placed));
  }
  return map;
}

void write_map(const cluster_map& map, schema::ClusterMap::Builder out) {
  out.setVersion(map.version);
  out.setLevel(map.level);
  out.setFoundedUs(map.founded_us);
  auto settings = out.initSettings();
  settings.setReplicas(map.replicas);
  settings.setRebalancing(map.moving == rebalancing::paused ? schema::Rebalancing::PAUSED
                                                            : schema::Rebalancing::ON);
  auto nodes = out.initNodes(static_cast<unsigned>(map.nodes.size()));
  for (unsigned i = 0; i < nodes.size(); ++i) write_node(map.nodes[i], nodes[i]);
  auto invitations = out.initInvitations(static_cast<unsigned>(map.invitations.size()));
  for (unsigned i = 0; i < invitations.size(); ++i) write_invitation(map.invitations[i], invitations[i]);
  auto shards = out.initShards(static_cast<unsigned>(map.shards.size()));
  for (unsigned i = 0; i < shards.size(); ++i) {
    const auto& s = map.shards[i];
    shards[i].setShard(s.shard.value);
    shards[i].setGeneration(s.generation.value);
    shards[i].setSinceUs(s.since_us);
    auto voters = shards[i].initVoters(static_cast<unsigned>(s.voters.size()));
    for (unsigned v = 0; v < voters.size(); ++v) voters.set(v, s.voters[v].value);
  }
}

node_facts read_facts(schema::NodeFacts::Reader in) {
  return {node_id(in.getId()), text(in.getName()),    text(in.getAddress()), text(in.getClientAddress()),
          text(in.getZone()),  text(in.getVersion()), in.getLevel()};
}

void write_facts(const node_facts& facts, schema::NodeFacts::Builder out) {
  out.setId(facts.id.value);
  out.setName(facts.name);
  out.setAddress(facts.address);
  out.setClientAddress(facts.client_address);
  out.setZone(facts.zone);
  out.setVersion(facts.version);
  out.setLevel(facts.level);
}

std::string hex_of(node_id id) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out(16, '0');
  for (std::size_t i = 0; i < 16; ++i) out[15 - i] = digits[(id.value >> (4 * i)) & 15];
  return out;
}

}  // namespace troupe::cluster
