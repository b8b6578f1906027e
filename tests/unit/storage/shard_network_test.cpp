// Shards of several nodes: elections, hints, handing over, growing, over real stores and a network in memory.
#include "storage/shard_network.hpp"

#include <caf/all.hpp>
#include <catch2/catch_test_macros.hpp>

#include "protocol/message.hpp"
#include "protocol/schema/command.capnp.h"
#include "protocol/schema/query.capnp.h"
#include "storage/shard_client.hpp"
#include "tests/support/shard_cluster.hpp"

using namespace troupe;
using namespace troupe::test;

namespace {

std::string noop() {
  capnp::MallocMessageBuilder message;
  auto c = message.initRoot<schema::Command>();
  c.setOrg("default");
  c.getBody().setNoop();
  return to_bytes(message);
}

std::string seal(std::uint64_t into, const std::vector<std::uint64_t>& voters) {
  capnp::MallocMessageBuilder message;
  auto c = message.initRoot<schema::Command>();
  c.setPrincipal("node");
  auto s = c.getBody().initSeal();
  s.setGeneration(into);
  auto list = s.initVoters(static_cast<unsigned>(voters.size()));
  for (unsigned i = 0; i < list.size(); ++i) list.set(i, voters[i]);
  return to_bytes(message);
}

std::string role_of(shard_cluster& c, std::uint64_t node) {
  auto bytes = c.status(node);
  if (!bytes) return bytes.error().detail;
  message_reader reader(*bytes);
  return reader.root<schema::QueryResult>().getStatus().getRole().cStr();
}

}  // namespace

TEST_CASE("shard network: three replicas elect a leader, take commands and follow") {
  shard_cluster c;
  auto leader = c.leader();
  REQUIRE(leader != 0);
  CHECK(c.command(leader, noop()));
  auto other = leader % 3 + 1;
  auto refused = c.command(other, noop());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == errc::not_leader);
  CHECK(c.seen_by(other).voters.size() == 3);
}

TEST_CASE("shard network: when the leader's node goes, another leads before an election timeout has passed") {
  shard_cluster c;
  auto leader = c.leader();
  REQUIRE(leader != 0);
  REQUIRE(c.command(leader, noop()));
  c.stop(leader);
  CHECK(c.command_anywhere(noop()));
  c.start(leader);
  REQUIRE(c.wait([&] { return role_of(c, leader) == "follower"; }));
}

TEST_CASE("shard network: a follower that loses sight of a healthy leader does not depose it") {
  shard_cluster c;
  auto leader = c.leader();
  REQUIRE(leader != 0);
  auto at = c.seen_by(leader).term;
  auto follower = leader % 3 + 1;
  c.net().cut(node_id(leader), node_id(follower));
  REQUIRE(c.wait([&] { return role_of(c, follower) == "candidate"; }));
  CHECK(c.command(leader, noop()));
  c.net().heal();
  REQUIRE(c.wait([&] { return role_of(c, follower) == "follower"; }));
  CHECK(c.seen_by(leader).term == at);
  CHECK(c.leader() == leader);
}

TEST_CASE("shard network: leadership goes where it is asked to, and to a node that can be reached") {
  shard_cluster c;
  auto leader = c.leader();
  REQUIRE(leader != 0);
  auto next = leader % 3 + 1, last = next % 3 + 1;
  CHECK(c.transfer(leader, next));
  CHECK(c.leader() == next);
  auto refused = c.transfer(leader, 0);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == errc::not_leader);
  c.stop(leader);
  CHECK(c.transfer(next, 0));
  CHECK(c.leader() == last);
}

TEST_CASE("shard network: a shard that stops hands over first, and refuses commands meanwhile") {
  shard_cluster c;
  auto leader = c.leader();
  REQUIRE(leader != 0);
  caf::scoped_actor self(c.system(leader));
  bool ended = false;
  self->request(c.shard(leader), std::chrono::seconds(20), storage::stop_atom::value)
      .receive([&](storage::stop_atom) { ended = true; }, [](const caf::error&) {});
  CHECK(ended);
  CHECK(role_of(c, leader) == "follower");
  auto refused = c.command(leader, noop());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == errc::not_leader);
  CHECK(c.leader() != leader);
}

TEST_CASE("shard network: a stop is not held up by a shard that nobody can take over") {
  shard_cluster c;
  auto leader = c.leader();
  REQUIRE(leader != 0);
  c.net().isolate(node_id(leader));
  caf::scoped_actor self(c.system(leader));
  bool ended = false;
  self->request(c.shard(leader), std::chrono::seconds(20), storage::stop_atom::value)
      .receive([&](storage::stop_atom) { ended = true; }, [](const caf::error&) {});
  CHECK(ended);
}

TEST_CASE("shard network: the next generation has a leader at once, and every node knows its voters") {
  shard_cluster c;
  auto leader = c.leader();
  REQUIRE(leader != 0);
  REQUIRE(c.command(leader, noop()));
  // Without the node that leads: the others hold all that it holds.
  auto a = leader % 3 + 1, b = a % 3 + 1;
  REQUIRE(c.command(leader, seal(2, {a, b})));
  CHECK(c.command_anywhere(noop()));
  CHECK(c.wait(
      [&] { return c.seen_by(leader).generation == generation(2) && c.seen_by(leader).voters.size() == 2; }));
  CHECK(c.wait([&] { return role_of(c, leader) == "vacant"; }));
}
