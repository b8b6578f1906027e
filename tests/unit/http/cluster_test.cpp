// GET /api/v2/cluster, from what the node sees.
#include <catch2/catch_test_macros.hpp>

#include <atomic>

#include "protocol/message.hpp"
#include "protocol/schema/membership.capnp.h"
#include "tests/support/edge_fixture.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

constexpr std::int64_t now_us = 1'700'000'000'000'000;

void fill_status(schema::ShardStatus::Builder s, std::uint16_t shard, const char* role,
                 std::uint64_t generation, std::uint64_t applied) {
  s.setShard(shard);
  s.setRole(role);
  s.setGeneration(generation);
  s.setTerm(7);
  s.setLeader(1);
  auto voters = s.initVoters(2);
  voters.set(0, 1);
  voters.set(1, 2);
  s.setCommitIndex(100);
  s.setAppliedIndex(applied);
}

// Node 1 looks: it leads shard 0, where node 2 lags; node 2 has not been heard of for long in the other one.
std::shared_ptr<const std::string> view_of_two(bool second_is_there) {
  capnp::MallocMessageBuilder message;
  auto view = message.initRoot<schema::ClusterView>();
  view.setClusterId("c");
  view.setSelf(1);
  auto map = view.initMap();
  map.setVersion(3);
  auto nodes = map.initNodes(3);
  for (unsigned i = 0; i < 3; ++i) {
    nodes[i].setId(i + 1);
    nodes[i].setName("n" + std::to_string(i + 1));
    nodes[i].setState(i == 2 ? schema::NodeState::LEFT : schema::NodeState::ACTIVE);
  }
  auto places = map.initShards(1);
  places[0].setGeneration(1);
  places[0].initVoters(1).set(0, 1);
  auto seen = view.initNodes(2);
  seen[0].initReport().setNode(1);
  seen[0].setLastSeenUs(now_us);
  seen[0].setConnected(true);
  fill_status(seen[0].getReport().initShards(1)[0], 0, "leader", 2, 100);
  seen[1].initReport().setNode(2);
  seen[1].setConnected(second_is_there);
  seen[1].setLastSeenUs(now_us - 1);
  fill_status(seen[1].getReport().initShards(1)[0], 0, "follower", 2, 90);
  auto problem = view.initProblems(1)[0];
  problem.setWhat("it \"hurts\"");
  return std::make_shared<const std::string>(to_bytes(message));
}

}  // namespace

TEST_CASE("cluster route: nodes, replicas and their lag, as far as the node sees") {
  edge_fixture f([](http::edge_config& c) { c.cluster_view = [] { return view_of_two(true); }; });
  auto answer = f.as(f.read_key).get("/api/v2/cluster");
  REQUIRE(answer.status == 200);
  auto v = json_of(answer.body);
  CHECK(v.at("cluster_id") == "c");
  REQUIRE(v.at("nodes").as_array().size() == 2);
  auto first = v.at("nodes").at(0);
  CHECK(first.at("id") == "0000000000000001");
  CHECK(first.at("is_self") == true);
  CHECK(first.at("leaders") == 1);
  CHECK(first.at("zone").is_null());
  CHECK(v.at("nodes").at(1).at("replicas") == 1);
  auto shard = v.at("shards").at(0);
  // The map lags: the generation is what the voters say.
  CHECK(shard.at("generation") == 2);
  CHECK(shard.at("leader") == "0000000000000001");
  CHECK(shard.at("state") == "healthy");
  CHECK(shard.at("replicas").at(1).at("lag") == 10);
  CHECK(shard.at("replicas").at(1).at("role") == "follower");
  CHECK(v.at("problems").at(0) == "it \"hurts\"");
}

TEST_CASE("cluster route: a node that is away is unreachable, whatever it said") {
  edge_fixture f([](http::edge_config& c) { c.cluster_view = [] { return view_of_two(false); }; });
  auto v = json_of(f.admin().get("/api/v2/cluster").body);
  CHECK(v.at("nodes").at(1).at("connected") == false);
  auto shard = v.at("shards").at(0);
  CHECK(shard.at("replicas").at(1).at("role") == "unreachable");
  CHECK(shard.at("replicas").at(1).at("lag").is_null());
  CHECK(shard.at("state") == "no_majority");
}

TEST_CASE("cluster route: a node that is starting says so, and who may not read is refused") {
  edge_fixture f;
  CHECK(f.admin().get("/api/v2/cluster").status == 503);
  CHECK(f.as(f.ingest_key).get("/api/v2/cluster").status == 403);
  CHECK(f.as("").get("/api/v2/cluster").status == 401);
}
