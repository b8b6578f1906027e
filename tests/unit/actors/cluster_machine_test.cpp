#include <catch2/catch_test_macros.hpp>

#include "actors/cluster/map.hpp"
#include "protocol/message.hpp"
#include "tests/support/memory_records.hpp"

using namespace troupe;
using namespace troupe::testing;
using cluster::after_drain;
using cluster::cluster_map;
using cluster::node_state;

namespace {

constexpr std::int64_t hour_us = 3600LL * 1'000'000;
const std::string secret(32, 's'), other_secret(32, 'o');

using wish = schema::ClusterCommand::Builder;

memory_shard::fill cluster_command(const std::function<void(wish)>& fill) {
  return [=](schema::Command::Body::Builder body) { fill(body.initCluster()); };
}

cluster::node_facts facts_of(std::uint64_t id, std::string name = {}, std::uint32_t level = 1) {
  return {node_id(id), std::move(name), "host-" + std::to_string(id) + ":7400", "", "zone-a", "1.0.0", level};
}

memory_shard::fill found(cluster::node_facts facts, std::uint16_t shards = 2) {
  return cluster_command([=](wish c) {
    write_facts(facts, c.initFound().initNode());
    c.getFound().setShards(shards);
  });
}

memory_shard::fill restore(cluster::node_facts facts, std::uint16_t shards = 2) {
  return cluster_command([=](wish c) {
    write_facts(facts, c.initRestore().initNode());
    c.getRestore().setShards(shards);
  });
}

memory_shard::fill invite(std::uint64_t id, std::string name, std::int64_t expires_us,
                          std::string hash = secret) {
  return cluster_command([=](wish c) {
    auto i = c.initInvite();
    i.setId("invitation-" + std::to_string(id));
    i.setSecretHash(data_of(hash));
    i.setNodeId(id);
    i.setName(name);
    i.setExpiresUs(expires_us);
  });
}

memory_shard::fill admit(cluster::node_facts facts, std::string hash = secret) {
  return cluster_command([=](wish c) {
    auto a = c.initAdmit();
    a.setInvitation("invitation-" + std::to_string(facts.id.value));
    a.setSecretHash(data_of(hash));
    write_facts(facts, a.initNode());
  });
}

memory_shard::fill announce(cluster::node_facts facts) {
  return cluster_command([=](wish c) { write_facts(facts, c.initAnnounce()); });
}

memory_shard::fill drain(std::uint64_t id) {
  return cluster_command([=](wish c) { c.initDrain().setNode(id); });
}

memory_shard::fill cancel_drain(std::uint64_t id) {
  return cluster_command([=](wish c) { c.initDrain().setNode(id), c.getDrain().setCancel(true); });
}

memory_shard::fill remove(std::uint64_t id, std::uint64_t successor = 0) {
  return cluster_command([=](wish c) { c.initRemove().setNode(id), c.getRemove().setSuccessor(successor); });
}

memory_shard::fill place(std::uint16_t shard, std::uint64_t generation, std::vector<std::uint64_t> voters) {
  return cluster_command([=](wish c) {
    auto p = c.initPlace();
    p.setShard(shard);
    p.setGeneration(generation);
    auto list = p.initVoters(static_cast<unsigned>(voters.size()));
    for (unsigned i = 0; i < list.size(); ++i) list.set(i, voters[i]);
  });
}

memory_shard::fill replicas(std::uint32_t n) {
  return cluster_command([=](wish c) { c.initChange().setSetReplicas(true), c.getChange().setReplicas(n); });
}

memory_shard::fill raise(std::uint32_t level) {
  return cluster_command([=](wish c) { c.setRaiseLevel(level); });
}

cluster_map map_of(const memory_shard& shard) {
  auto answer = shard.query([](auto q) { q.setClusterMap(); });
  return (*answer).isClusterMap() ? cluster::read_map((*answer).getClusterMap()) : cluster_map{};
}

node_state state_of(const memory_shard& shard, std::uint64_t id) {
  return map_of(shard).find(node_id(id))->state;
}

// The nodes 1 to n, all active.
memory_shard cluster_of(std::uint64_t n) {
  memory_shard shard;
  shard.run(found(facts_of(1, "n1")));
  for (std::uint64_t id = 2; id <= n; ++id) {
    shard.run(invite(id, "n" + std::to_string(id), shard.now.time_us + hour_us));
    shard.run(admit(facts_of(id)));
    shard.run(announce(facts_of(id)));
  }
  return shard;
}

}  // namespace

TEST_CASE("cluster: the first node founds it, once") {
  memory_shard shard;
  CHECK(refused(shard.run(drain(1))) == errc::conflict);
  CHECK(map_of(shard).version == 0);
  auto reply = shard.run(found(facts_of(1, "n1")));
  REQUIRE((*reply).isClusterMap());
  auto map = map_of(shard);
  CHECK(map == cluster::read_map((*reply).getClusterMap()));
  CHECK(map.version == 1);
  REQUIRE(map.nodes.size() == 1);
  CHECK(map.nodes[0].state == node_state::active);
  REQUIRE(map.shards.size() == 2);
  CHECK(map.shards[1].generation == generation(1));
  CHECK(map.shards[1].voters == std::vector{node_id(1)});
  shard.run(found(facts_of(2, "n2")));
  CHECK(shard.last.changes.empty());
  CHECK(map_of(shard) == map);
}

TEST_CASE("cluster: a map from a backup is begun anew by a node that it does not know") {
  auto shard = cluster_of(3);
  shard.run(invite(4, "n4", shard.now.time_us + hour_us));
  shard.run(place(1, 7, {1, 2, 3}));
  shard.run(replicas(3));
  auto before = map_of(shard);
  CHECK(refused(shard.run(restore(facts_of(9, "n1", 0)))) == errc::unsupported);
  shard.run(restore(facts_of(9, "n1")));
  auto map = map_of(shard);
  CHECK(map.version == before.version + 1);
  CHECK(map.level == before.level);
  CHECK(map.replicas == 3);
  CHECK(map.invitations.empty());
  REQUIRE(map.nodes.size() == 1);
  CHECK(map.nodes[0].facts.id == node_id(9));
  CHECK(map.nodes[0].state == node_state::active);
  REQUIRE(map.shards.size() == 2);
  CHECK(map.shards[1].voters == std::vector{node_id(9)});
  // Which generation that is the voters tell.
  shard.run(place(1, 8, {9}));
  CHECK(map_of(shard).shards[1].generation == generation(8));
  shard.run(restore(facts_of(9, "n1")));
  CHECK(shard.last.changes.empty());
}

TEST_CASE("cluster: a node joins by its invitation and is active when it says so") {
  auto shard = cluster_of(1);
  shard.run(invite(2, "n2", shard.now.time_us + hour_us));
  CHECK(refused(shard.run(announce(facts_of(2)))) == errc::not_found);
  CHECK((*shard.run(admit(facts_of(2)))).isClusterMap());
  CHECK(state_of(shard, 2) == node_state::joining);
  CHECK(map_of(shard).find(node_id(2))->facts.name == "n2");
  // The welcome was lost: the same again.
  CHECK((*shard.run(admit(facts_of(2)))).isClusterMap());
  shard.run(announce(facts_of(2)));
  CHECK(state_of(shard, 2) == node_state::active);
  auto version = map_of(shard).version;
  shard.run(announce(facts_of(2)));
  CHECK(shard.last.changes.empty());
  CHECK(map_of(shard).version == version);
  // Whoever comes with it later has lost what the node acknowledged.
  CHECK(refused(shard.run(admit(facts_of(2)))) == errc::forbidden);
}

TEST_CASE("cluster: who is not invited, comes late or shows something else stays out") {
  auto shard = cluster_of(1);
  shard.run(invite(2, "n2", shard.now.time_us + hour_us));
  struct row {
    const char* what;
    cluster::node_facts who;
    std::string hash;
    errc code;
  };
  for (const auto& r : std::vector<row>{
           {"no invitation", facts_of(9), secret, errc::forbidden},
           {"wrong secret", facts_of(2), other_secret, errc::forbidden},
           {"secret of another length", facts_of(2), "s", errc::forbidden},
           {"older behaviour", facts_of(2, "", 0), secret, errc::unsupported},
       }) {
    INFO(r.what);
    CHECK(refused(shard.run(admit(r.who, r.hash))) == r.code);
    CHECK(shard.last.changes.empty());
  }
  shard.pass(3601 * 1000);
  CHECK(refused(shard.run(admit(facts_of(2)))) == errc::forbidden);
  // The next invitation sweeps the old one away, so its name is free.
  CHECK((*shard.run(invite(3, "n2", shard.now.time_us + hour_us))).isClusterMap());
  CHECK(map_of(shard).invitations.size() == 1);
}

TEST_CASE("cluster: an invitation must make sense") {
  auto shard = cluster_of(1);
  auto soon = shard.now.time_us + hour_us;
  struct row {
    const char* what;
    memory_shard::fill command;
    errc code;
  };
  for (const auto& r : std::vector<row>{
           {"no name", invite(2, "", soon), errc::invalid_argument},
           {"a name with a space", invite(2, "a b", soon), errc::invalid_argument},
           {"a name like an id", invite(2, "0123456789abcdef", soon), errc::invalid_argument},
           {"a name that is taken", invite(2, "n1", soon), errc::conflict},
           {"an id that is taken", invite(1, "n2", soon), errc::conflict},
           {"no id", invite(0, "n2", soon), errc::invalid_argument},
           {"over already", invite(2, "n2", shard.now.time_us), errc::invalid_argument},
           {"for ever", invite(2, "n2", soon + 8 * 24 * hour_us), errc::invalid_argument},
           {"a short hash", invite(2, "n2", soon, "short"), errc::invalid_argument},
       }) {
    INFO(r.what);
    CHECK(refused(shard.run(r.command)) == r.code);
  }
  shard.run(invite(2, "n2", soon));
  CHECK(refused(shard.run(invite(3, "n2", soon))) == errc::conflict);
}

TEST_CASE("cluster: a node is drained, may stay after all, and the last one cannot go") {
  auto shard = cluster_of(2);
  shard.run(drain(2));
  CHECK(state_of(shard, 2) == node_state::draining);
  CHECK(refused(shard.run(drain(1))) == errc::conflict);
  CHECK(refused(shard.run(remove(1))) == errc::conflict);
  shard.run(cancel_drain(2));
  CHECK(state_of(shard, 2) == node_state::active);
  CHECK(refused(shard.run(drain(9))) == errc::not_found);
}

TEST_CASE("cluster: a node that votes is emptied before it leaves") {
  auto shard = cluster_of(3);
  shard.run(place(0, 2, {1, 2, 3}));
  shard.run(remove(3, 2));
  auto map = map_of(shard);
  CHECK(map.find(node_id(3))->state == node_state::draining);
  CHECK(map.find(node_id(3))->then == after_drain::leave);
  CHECK(map.find(node_id(3))->successor == node_id(2));
  shard.run(place(0, 3, {1, 2}));
  shard.run(remove(3));
  CHECK(state_of(shard, 3) == node_state::left);
  CHECK(refused(shard.run(announce(facts_of(3)))) == errc::forbidden);
  shard.run(remove(3));
  CHECK(shard.last.changes.empty());
  // Its name is free, its id is not.
  CHECK(refused(shard.run(invite(3, "n3", shard.now.time_us + hour_us))) == errc::conflict);
  CHECK((*shard.run(invite(4, "n3", shard.now.time_us + hour_us))).isClusterMap());
}

TEST_CASE("cluster: a successor is another node that stays") {
  auto shard = cluster_of(3);
  shard.run(place(0, 2, {1, 2, 3}));
  shard.run(drain(2));
  CHECK(refused(shard.run(remove(3, 3))) == errc::conflict);
  CHECK(refused(shard.run(remove(3, 2))) == errc::conflict);
  CHECK(refused(shard.run(remove(3, 9))) == errc::not_found);
}

TEST_CASE("cluster: the map follows the generations and never goes back") {
  auto shard = cluster_of(3);
  shard.run(place(1, 3, {1, 2, 3}));
  CHECK(map_of(shard).shards[1].voters.size() == 3);
  shard.run(place(1, 2, {1, 2}));
  CHECK(shard.last.changes.empty());
  shard.run(place(1, 3, {2}));
  CHECK(shard.last.changes.empty());
  CHECK(refused(shard.run(place(2, 2, {1}))) == errc::invalid_argument);
  CHECK(refused(shard.run(place(1, 4, {}))) == errc::invalid_argument);
  CHECK(refused(shard.run(place(1, 4, {1, 1}))) == errc::invalid_argument);
}

TEST_CASE("cluster: settings and level change, the level only when all can") {
  auto shard = cluster_of(2);
  shard.run(replicas(5));
  CHECK(map_of(shard).replicas == 5);
  CHECK(refused(shard.run(replicas(99))) == errc::invalid_argument);
  CHECK(refused(shard.run(raise(2))) == errc::conflict);
  shard.run(announce(facts_of(1, "n1", 2)));
  CHECK(refused(shard.run(raise(2))) == errc::conflict);
  shard.run(announce(facts_of(2, "n2", 2)));
  shard.run(raise(2));
  CHECK(map_of(shard).level == 2);
  CHECK(refused(shard.run(announce(facts_of(2, "n2", 1)))) == errc::unsupported);
  shard.run(raise(1));
  CHECK(map_of(shard).level == 2);
}

TEST_CASE("cluster: a name that is taken changes nothing but the rest") {
  auto shard = cluster_of(2);
  auto facts = facts_of(2, "n1");
  facts.zone = "elsewhere";
  shard.run(announce(facts));
  CHECK(map_of(shard).find(node_id(2))->facts.name == "n2");
  CHECK(map_of(shard).find(node_id(2))->facts.zone == "elsewhere");
}
