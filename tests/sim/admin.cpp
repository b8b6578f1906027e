// See admin.hpp.
#include "tests/sim/admin.hpp"

#include <algorithm>

#include "actors/cluster/placement.hpp"
#include "protocol/message.hpp"
#include "protocol/schema/command.capnp.h"
#include "tests/sim/node.hpp"

namespace troupe::sim {

namespace {

using cluster::node_state;

const std::string secret_hash(32, 's');
constexpr std::int64_t hour_us = 3'600'000'000;

std::vector<node_id> sorted(std::vector<node_id> some) {
  std::sort(some.begin(), some.end());
  return some;
}

}  // namespace

void admin::next() {
  world_.after(world_.chance().between(200, 2'000), [this] {
    if (!world_.chaos()) return;
    auto& dice = world_.chance();
    auto map = some_map();
    auto who = world_.any_node();
    if (map.version != 0 && !map.find(who))
      let_in(who);
    else if (dice.chance(0.3))
      change_settings();
    else if (map.version != 0 && dice.chance(0.6))
      change_one(map);
    next();
  });
}

// Of a node that is up, which may know an old one.
const cluster::cluster_map& admin::some_map() const {
  static const cluster::cluster_map none;
  auto& n = world_.at(world_.any_node());
  return n.up() ? n.front().members().map() : none;
}

void admin::ask(const fill& what, std::function<void(const result<cluster::cluster_map>&)> done) {
  auto& n = world_.at(world_.any_node());
  if (!n.up()) return done(failure{errc::unavailable, "that node is down", {}});
  n.front().ask(
      request_kind::command, troupe::node::encoded_cluster_command(what),
      [done = std::move(done)](const result<std::string>& reply) { done(troupe::node::map_in(reply)); });
}

void admin::let_in(node_id stranger) {
  auto number = std::to_string(++invitations_);
  auto invitation = "invitation-" + number, name = "node-" + std::to_string(stranger.value) + "-" + number;
  auto expires = world_.at(stranger).clock().wall_us + hour_us;
  ask(
      [&](auto c) {
        auto invite = c.initInvite();
        invite.setId(invitation);
        invite.setSecretHash(data_of(secret_hash));
        invite.setNodeId(stranger.value);
        invite.setName(name);
        invite.setExpiresUs(expires);
      },
      [this, invitation, stranger](const result<cluster::cluster_map>& invited) {
        if (!invited) return;
        ask(
            [&](auto c) {
              auto admit = c.initAdmit();
              admit.setInvitation(invitation);
              admit.setSecretHash(data_of(secret_hash));
              admit.initNode().setId(stranger.value);
              admit.getNode().setLevel(1);
            },
            [](const auto&) {});
      });
}

void admin::change_one(const cluster::cluster_map& map) {
  auto& dice = world_.chance();
  auto some = [&] { return map.nodes[dice.next() % map.nodes.size()].facts.id.value; };
  auto which = some(), successor = dice.chance(0.5) ? some() : 0;
  auto how = dice.between(0, 4);
  ask(
      [&](auto c) {
        if (how <= 2) {
          auto drain = c.initDrain();
          drain.setNode(which);
          drain.setCancel(how != 0);
        } else {
          auto remove = c.initRemove();
          remove.setNode(which);
          remove.setSuccessor(successor);
        }
      },
      [](const auto&) {});
}

void admin::change_settings() {
  auto& dice = world_.chance();
  constexpr std::uint32_t replicas[] = {0, 1, 3, 3, 5};
  auto wanted = replicas[dice.between(0, 4)];
  bool pauses = dice.chance(0.2);
  ask(
      [&](auto c) {
        auto change = c.initChange();
        change.setSetReplicas(true);
        change.setReplicas(wanted);
        change.setSetRebalancing(true);
        change.setRebalancing(pauses ? schema::Rebalancing::PAUSED : schema::Rebalancing::ON);
      },
      [](const auto&) {});
}

// --- the end

void admin::wind_down() { resume_moving(); }

void admin::resume_moving() {
  ask(
      [](auto c) {
        auto change = c.initChange();
        change.setSetRebalancing(true);
        change.setRebalancing(schema::Rebalancing::ON);
      },
      [this](const result<cluster::cluster_map>& changed) {
        moves_ = moves_ || changed;
        if (!moves_) world_.after(200, [this] { resume_moving(); });
      });
}

bool admin::is_settled(const node& leader, std::string& why) const {
  const auto& map = leader.front().members().map();
  if (!moves_ || map.version == 0) return why = "the cluster is not founded, or rests", false;
  std::size_t active = 0;
  for (const auto& n : map.nodes) {
    auto name = "node " + std::to_string(n.facts.id.value);
    if (n.state == node_state::joining) return why = name + " has not come in", false;
    if (n.state == node_state::draining && n.then == cluster::after_drain::leave)
      return why = name + " has not left", false;
    active += n.state == node_state::active ? 1 : 0;
  }
  auto wanted = cluster::replicas_wanted(map.replicas, active);
  for (const auto& s : map.shards) {
    bool is_easy = s.shard == easy_shard::id;
    auto voters = is_easy ? world_.easy().voters() : leader.member().voters();
    auto current = is_easy ? world_.easy().current() : leader.member().current();
    auto name = "shard " + std::to_string(s.shard.value);
    if (s.generation != current || sorted(s.voters) != sorted(voters))
      return why = name + " is not where the map says", false;
    if (voters.size() != wanted) return why = name + " has not as many replicas as are wanted", false;
    for (auto v : voters) {
      auto* n = map.find(v);
      if (!n || n->state != node_state::active) return why = name + " is on a node that drains", false;
    }
  }
  return true;
}

}  // namespace troupe::sim
