#include "machine.hpp"

#include <algorithm>

#include "keys.hpp"
#include "map.hpp"
#include "protocol/limits.hpp"
#include "protocol/message.hpp"

namespace troupe::cluster {

namespace {

using wish = schema::ClusterCommand;

struct refused {
  errc code;
  std::string detail;
  std::string_view field = {};
};
// Nothing: the map is as wanted now.
using verdict = std::optional<refused>;

constexpr std::size_t hash_bytes = 32;

// Looks at every byte, whatever the first ones say.
bool same_secret(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned differing = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    differing |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]);
  return differing == 0;
}

bool is_name(std::string_view s) {
  auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  auto hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  return !s.empty() && s.size() <= name_bytes_max && std::all_of(s.begin(), s.end(), fits) &&
         !(s.size() == 16 && std::all_of(s.begin(), s.end(), hex));  // that would be an id
}

verdict check_texts(const node_facts& f) {
  for (const auto* text : {&f.address, &f.client_address, &f.zone, &f.version})
    if (text->size() > limits::id_bytes_max)
      return refused{errc::invalid_argument, "an address, zone or version is too long"};
  if (!f.name.empty() && !is_name(f.name))
    return refused{errc::invalid_argument,
                   "a name has 1 to 63 of the characters a-z A-Z 0-9 - _ . and is not an id", "name"};
  if (f.id.value == 0) return refused{errc::invalid_argument, "a node has an id", "id"};
  return std::nullopt;
}

cluster_node* find(cluster_map& map, node_id id) {
  for (auto& n : map.nodes)
    if (n.facts.id == id) return &n;
  return nullptr;
}

bool votes(const cluster_map& map, node_id id) {
  return std::any_of(map.shards.begin(), map.shards.end(), [&](const auto& s) { return s.has(id); });
}

std::size_t count(const cluster_map& map, node_state in, node_id but) {
  return static_cast<std::size_t>(std::count_if(
      map.nodes.begin(), map.nodes.end(), [&](const auto& n) { return n.state == in && n.facts.id != but; }));
}

refused unknown_node(node_id id) {
  return {errc::not_found, "there is no node " + hex_of(id) + " in this cluster", "node"};
}

void enter(cluster_node& n, node_state state, const stamp& at) {
  n.state = state;
  n.changed_us = at.time_us;
}

// The node is all there is.
verdict begin(cluster_map& map, schema::FoundCluster::Reader said, const stamp& at) {
  auto facts = read_facts(said.getNode());
  if (auto no = check_texts(facts)) return no;
  if (facts.name.empty()) facts.name = "node-" + hex_of(facts.id).substr(0, 8);
  auto shards = said.getShards();
  if (shards < 2) return refused{errc::invalid_argument, "a cluster has at least 2 shards", "shards"};
  map.founded_us = at.time_us;
  map.nodes = {{facts, node_state::active, at.time_us, at.time_us, after_drain::stay, node_id()}};
  map.invitations.clear();
  map.shards.resize(shards);
  // Of a generation that is known later: nobody has told yet which ones the shards are in.
  for (std::uint16_t s = 0; s < shards; ++s)
    map.shards[s] = {shard_id(s), generation(1), {facts.id}, at.time_us};
  return std::nullopt;
}

verdict found(cluster_map& map, wish::Reader said, const stamp& at) {
  if (map.version != 0) return std::nullopt;
  map.level = read_facts(said.getFound().getNode()).level;
  return begin(map, said.getFound(), at);
}

// The records are from a backup of another cluster, and its nodes have no part in this one.
verdict restore(cluster_map& map, wish::Reader said, const stamp& at) {
  auto facts = read_facts(said.getRestore().getNode());
  if (map.find(facts.id)) return std::nullopt;
  if (facts.level < map.level)
    return refused{errc::unsupported, "the backup is of behaviour level " + std::to_string(map.level) +
                                          ", the node can do " + std::to_string(facts.level) +
                                          ": install a newer version"};
  return begin(map, said.getRestore(), at);
}

verdict invite(cluster_map& map, wish::Reader command, const stamp& at) {
  auto said = command.getInvite();
  std::string name(view_of(said.getName())), address(view_of(said.getAddress()));
  node_id id(said.getNodeId());
  if (auto no = check_texts({id, name, address, {}, {}, {}, 0})) return no;
  if (name.empty()) return refused{errc::invalid_argument, "a node that is invited needs a name", "name"};
  if (said.getSecretHash().size() != hash_bytes || said.getId().size() == 0 ||
      said.getId().size() > limits::id_bytes_max)
    return refused{errc::invalid_argument, "an invitation has an id and a hash of 32 bytes", "id"};
  if (said.getExpiresUs() <= at.time_us || said.getExpiresUs() > at.time_us + invitation_us_max)
    return refused{errc::invalid_argument, "an invitation lasts at most 7 days", "expires"};
  std::erase_if(map.invitations, [&](const auto& i) { return i.expires_us <= at.time_us; });
  if (map.find(name)) return refused{errc::conflict, "there is a node with the name " + name, "name"};
  if (map.find(id)) return refused{errc::conflict, "there is a node with this id", "id"};
  for (const auto& i : map.invitations) {
    if (i.id == view_of(said.getId())) return refused{errc::conflict, "this invitation exists", "id"};
    if (i.used_us == 0 && i.name == name)
      return refused{errc::conflict, "a node with the name " + name + " is invited already", "name"};
  }
  if (map.invitations.size() >= invitations_max)
    return refused{errc::overloaded, "too many invitations are open: wait until some expire"};
  map.invitations.push_back({std::string(view_of(said.getId())), std::string(view_of(said.getSecretHash())),
                             id, name, address, at.time_us, said.getExpiresUs(), 0});
  return std::nullopt;
}

// What keeps a node away, whatever it shows.
verdict check_admission(const cluster_map& map, const node_facts& facts) {
  if (facts.level < map.level)
    return refused{errc::unsupported, "the cluster runs on behaviour level " + std::to_string(map.level) +
                                          ", the node can do " + std::to_string(facts.level) +
                                          ": install a newer version"};
  auto* known = map.find(facts.id);
  if (known && known->state == node_state::left)
    return refused{errc::forbidden,
                   "the node was removed from the cluster: empty its data directory and invite it anew"};
  return std::nullopt;
}

verdict admit(cluster_map& map, wish::Reader command, const stamp& at) {
  auto said = command.getAdmit();
  auto facts = read_facts(said.getNode());
  if (auto no = check_texts(facts)) return no;
  auto shown = std::find_if(map.invitations.begin(), map.invitations.end(),
                            [&](const auto& i) { return i.id == view_of(said.getInvitation()); });
  if (shown == map.invitations.end())
    return refused{errc::forbidden,
                   "this invitation is not known here: it expired, or is of another cluster"};
  if (!same_secret(shown->secret_hash, view_of(said.getSecretHash())) || shown->node != facts.id)
    return refused{errc::forbidden, "this invitation is not for this node"};
  if (auto no = check_admission(map, facts)) return no;
  facts.name = shown->name;
  if (facts.address.empty()) facts.address = shown->address;
  if (auto* known = find(map, facts.id)) {
    // The welcome may have been lost. A node that ran once must not come with empty hands.
    if (known->state != node_state::joining)
      return refused{errc::forbidden, "this invitation was used: invite the node anew, under a new id"};
    known->facts = facts;
    return std::nullopt;
  }
  if (shown->expires_us <= at.time_us)
    return refused{errc::forbidden, "this invitation has expired: invite the node anew"};
  if (map.find(facts.name))
    return refused{errc::conflict, "there is a node with the name " + facts.name, "name"};
  if (map.nodes.size() - count(map, node_state::left, node_id()) >= nodes_max)
    return refused{errc::overloaded, "a cluster has at most " + std::to_string(nodes_max) + " nodes"};
  shown->used_us = at.time_us;
  cluster_node fresh{facts, node_state::joining, at.time_us, at.time_us, after_drain::stay, node_id()};
  auto after =
      std::find_if(map.nodes.begin(), map.nodes.end(), [&](const auto& n) { return n.facts.id > facts.id; });
  map.nodes.insert(after, fresh);
  return std::nullopt;
}

verdict announce(cluster_map& map, wish::Reader said, const stamp& at) {
  auto facts = read_facts(said.getAnnounce());
  if (auto no = check_texts(facts)) return no;
  auto* known = find(map, facts.id);
  if (!known) return unknown_node(facts.id);
  if (auto no = check_admission(map, facts)) return no;
  // A name that is taken is no reason to stay away.
  auto* named = map.find(facts.name);
  if (facts.name.empty() || (named && named->facts.id != facts.id)) facts.name = known->facts.name;
  known->facts = facts;
  if (known->state == node_state::joining) enter(*known, node_state::active, at);
  return std::nullopt;
}

verdict drain(cluster_map& map, wish::Reader command, const stamp& at) {
  auto said = command.getDrain();
  auto* n = find(map, node_id(said.getNode()));
  if (!n || n->state == node_state::left) return unknown_node(node_id(said.getNode()));
  if (n->state == node_state::joining)
    return refused{errc::conflict, "the node has not started yet and holds nothing: remove it instead"};
  if (said.getCancel()) {
    if (n->state == node_state::draining) enter(*n, node_state::active, at);
    n->then = after_drain::stay;
    n->successor = node_id();
    return std::nullopt;
  }
  if (n->state == node_state::draining) return std::nullopt;
  if (count(map, node_state::active, n->facts.id) == 0)
    return refused{errc::conflict, "no other node is active: there is nobody to take over"};
  enter(*n, node_state::draining, at);
  return std::nullopt;
}

void forget_oldest(cluster_map& map) {
  while (count(map, node_state::left, node_id()) > left_kept_max) {
    auto oldest = map.nodes.end();
    for (auto n = map.nodes.begin(); n != map.nodes.end(); ++n)
      if (n->state == node_state::left && (oldest == map.nodes.end() || n->changed_us < oldest->changed_us))
        oldest = n;
    map.nodes.erase(oldest);
  }
}

verdict remove(cluster_map& map, wish::Reader command, const stamp& at) {
  auto said = command.getRemove();
  auto* n = find(map, node_id(said.getNode()));
  if (!n) return unknown_node(node_id(said.getNode()));
  if (n->state == node_state::left) return std::nullopt;
  node_id successor(said.getSuccessor());
  if (successor.value != 0) {
    auto* next = find(map, successor);
    if (!next || next->state == node_state::left) return unknown_node(successor);
    if (successor == n->facts.id || next->state == node_state::draining)
      return refused{errc::conflict, "a successor is another node that stays", "successor"};
  }
  if (n->state != node_state::joining && count(map, node_state::active, n->facts.id) == 0)
    return refused{errc::conflict, "no other node is active: there is nobody to take over"};
  if (!votes(map, n->facts.id)) {
    enter(*n, node_state::left, at);
    n->then = after_drain::stay;
    n->successor = node_id();
    forget_oldest(map);
    return std::nullopt;
  }
  if (n->state != node_state::draining) enter(*n, node_state::draining, at);
  n->then = after_drain::leave;
  if (successor.value != 0) n->successor = successor;
  return std::nullopt;
}

verdict place(cluster_map& map, wish::Reader command, const stamp& at) {
  auto said = command.getPlace();
  if (said.getShard() >= map.shards.size())
    return refused{errc::invalid_argument, "there is no shard " + std::to_string(said.getShard()), "shard"};
  placed_shard next{shard_id(said.getShard()), generation(said.getGeneration()), {}, at.time_us};
  for (auto v : said.getVoters()) next.voters.emplace_back(v);
  auto sorted = next.voters;
  std::sort(sorted.begin(), sorted.end());
  if (sorted.empty() || sorted.size() > limits::voters_max || sorted.front().value == 0 ||
      std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end())
    return refused{errc::invalid_argument,
                   "a shard has 1 to " + std::to_string(limits::voters_max) + " voters, all different",
                   "voters"};
  auto& known = map.shards[said.getShard()];
  if (next.generation > known.generation) known = std::move(next);
  return std::nullopt;
}

verdict change(cluster_map& map, wish::Reader command, const stamp&) {
  auto said = command.getChange();
  if (said.getSetReplicas()) {
    if (said.getReplicas() > limits::voters_max)
      return refused{errc::invalid_argument,
                     "a shard has at most " + std::to_string(limits::voters_max) +
                         " replicas; 0 lets the number of nodes decide",
                     "replicas"};
    map.replicas = said.getReplicas();
  }
  if (said.getSetRebalancing())
    map.moving = said.getRebalancing() == schema::Rebalancing::PAUSED ? rebalancing::paused : rebalancing::on;
  return std::nullopt;
}

verdict raise_level(cluster_map& map, wish::Reader said, const stamp&) {
  auto level = said.getRaiseLevel();
  if (level <= map.level) return std::nullopt;
  for (const auto& n : map.nodes)
    if (n.state != node_state::left && n.facts.level < level)
      return refused{errc::conflict,
                     "the node " + n.facts.name + " can only do level " + std::to_string(n.facts.level) +
                         ": update it first",
                     "level"};
  map.level = level;
  return std::nullopt;
}

verdict run(cluster_map& map, wish::Reader said, const stamp& at) {
  if (map.version == 0 && !said.isFound())
    return refused{errc::conflict, "the cluster is not founded yet: wait until its first node is ready"};
  switch (said.which()) {
    case wish::FOUND: return found(map, said, at);
    case wish::INVITE: return invite(map, said, at);
    case wish::ADMIT: return admit(map, said, at);
    case wish::ANNOUNCE: return announce(map, said, at);
    case wish::DRAIN: return drain(map, said, at);
    case wish::REMOVE: return remove(map, said, at);
    case wish::PLACE: return place(map, said, at);
    case wish::CHANGE: return change(map, said, at);
    case wish::RAISE_LEVEL: return raise_level(map, said, at);
    case wish::RESTORE: return restore(map, said, at);
  }
  throw machine_fault("no command of the cluster has the number " +
                      std::to_string(static_cast<int>(said.which())));
}

}  // namespace

void cluster_machine::reads(schema::Command::Reader, const stamp&, read_set& keys) const {
  keys.add(family::state, map_key());
}

outcome cluster_machine::apply(const view& before, schema::Command::Reader command, const stamp& at) const {
  cluster_map map;
  if (auto bytes = before.get(family::state, map_key()))
    map = read_map(message_reader(*bytes).root<schema::ClusterMap>());
  auto was = map;
  if (auto no = run(map, command.getBody().getCluster(), at))
    return {{}, refusal(no->code, no->detail, no->field), {}};
  outcome out;
  capnp::MallocMessageBuilder reply;
  auto answered = reply.initRoot<schema::Reply>().initClusterMap();
  if (map != was) {
    ++map.version;
    capnp::MallocMessageBuilder record;
    write_map(map, record.initRoot<schema::ClusterMap>());
    out.changes.put_kept(family::state, map_key(), to_bytes(record));
  }
  write_map(map, answered);
  out.reply = to_bytes(reply);
  return out;
}

}  // namespace troupe::cluster
