#include "node/membership.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <set>

#include "protocol/message.hpp"
#include "protocol/schema/membership.capnp.h"
#include "tests/support/scripted_cluster.hpp"

using namespace troupe;
using cluster::node_state;
using test::scripted_cluster;

namespace {

constexpr node_id n1{1}, n2{2}, n3{3}, n4{4}, n5{5};

bool all_have(scripted_cluster& c, std::vector<node_id> voters) {
  auto shards = c.shards();
  return std::all_of(shards.begin(), shards.end(), [&](const auto& s) {
    return s.voters == voters && s.pulling.empty() && s.leader.value != 0;
  });
}

std::size_t replicas_on(scripted_cluster& c, node_id id) {
  std::size_t n = 0;
  for (const auto& s : c.shards()) n += std::count(s.voters.begin(), s.voters.end(), id);
  return n;
}

// The map says what is true.
bool recorded(scripted_cluster& c, node_id at) {
  auto map = c.at(at).map();
  auto shards = c.shards();
  if (map.shards.size() != shards.size()) return false;
  for (std::size_t s = 0; s < shards.size(); ++s)
    if (map.shards[s].generation != shards[s].generation || map.shards[s].voters != shards[s].voters)
      return false;
  return true;
}

node_state state_at(scripted_cluster& c, node_id at, node_id of) {
  auto map = c.at(at).map();
  auto* n = map.find(of);
  return n ? n->state : node_state::left;
}

std::vector<std::string> problems_at(scripted_cluster& c, node_id at) {
  auto view = c.at(at).view();
  std::vector<std::string> out;
  for (auto p : message_reader(*view).root<schema::ClusterView>().getProblems())
    out.emplace_back(view_of(p.getWhat()));
  return out;
}

auto drain(node_id id) {
  return [id](schema::ClusterCommand::Builder c) { c.initDrain().setNode(id.value); };
}

auto remove(node_id id, node_id successor = {}) {
  return [=](schema::ClusterCommand::Builder c) {
    c.initRemove().setNode(id.value);
    c.getRemove().setSuccessor(successor.value);
  };
}

void three_nodes(scripted_cluster& c) {
  c.start(n1);
  REQUIRE(c.wait([&] { return c.at(n1).map().version != 0; }));
  c.join(n1, n2);
  c.join(n1, n3);
  REQUIRE(c.wait([&] { return all_have(c, {n1, n2, n3}) && recorded(c, n1); }));
}

}  // namespace

TEST_CASE("membership: a node alone founds its cluster and has nothing to complain of") {
  scripted_cluster c;
  c.start(n1);
  REQUIRE(c.wait([&] { return c.at(n1).map().version == 1 && problems_at(c, n1).empty(); }));
  auto map = c.at(n1).map();
  REQUIRE(map.nodes.size() == 1);
  CHECK(map.nodes[0].state == node_state::active);
  CHECK(map.shards.size() == 4);
  CHECK(c.at(n1).map().level == 1);
  auto figures = c.at(n1).figures();
  CHECK(figures.led == 4);
  CHECK(figures.active == 1);
  CHECK(c.sealed().empty());
}

TEST_CASE("membership: one grows to three, the system shard first, one shard at a time") {
  scripted_cluster c;
  three_nodes(c);
  CHECK(c.sealed().front() == system_shard);
  CHECK(c.sealed().size() == 4);
  CHECK(c.changing_at_once_max() == 1);
  // Leaders are spread, whoever acts.
  CHECK(c.wait([&] {
    std::map<node_id, int> leads;
    for (const auto& s : c.shards()) ++leads[s.leader];
    return leads.size() == 3;
  }));
  for (auto at : {n1, n2, n3}) CHECK(c.wait([&] { return recorded(c, at) && problems_at(c, at).empty(); }));
}

TEST_CASE("membership: leaders are evened out in one go after a rest, and each shard is asked once") {
  constexpr auto rest = std::chrono::seconds(1);
  scripted_cluster c(12, rest);
  three_nodes(c);
  REQUIRE(c.wait([&] {
    std::map<node_id, int> leads;
    for (const auto& s : c.shards()) ++leads[s.leader];
    return leads[n1] == 4 && leads[n2] == 4 && leads[n3] == 4;
  }));
  auto handed = c.handed();
  std::set<shard_id> asked;
  bool without_rest = false;
  for (std::size_t i = 0; i < handed.size(); ++i) {
    CHECK(asked.insert(handed[i].shard).second);
    without_rest = without_rest || (i > 0 && handed[i].at - handed[i - 1].at < rest);
  }
  CHECK(handed.size() == 8);
  CHECK(without_rest);
}

TEST_CASE("membership: a replica with other records than the rest is an alarm") {
  scripted_cluster c;
  three_nodes(c);
  REQUIRE(c.wait([&] { return problems_at(c, n1).empty(); }));
  c.alter(shard_id(2), n3);
  for (auto at : {n1, n2, n3})
    CHECK(c.wait([&] {
      auto all = problems_at(c, at);
      return all.size() == 1 && all[0].starts_with("node n3, shard 2: its records differ");
    }));
  CHECK(c.wait([&] { return c.at(n3).figures().digest_mismatches == 1; }));
  CHECK(c.at(n2).figures().digest_mismatches == 0);
}

TEST_CASE("membership: a node without a replica of the system shard knows the map too") {
  scripted_cluster c(2);
  three_nodes(c);
  c.join(n1, n4);
  CHECK(c.wait([&] { return state_at(c, n4, n4) == node_state::active; }));
  CHECK(c.wait([&] { return recorded(c, n4); }));
  // Shard 0 stays where it is: three of four have it.
  CHECK(c.wait([&] { return c.at(n4).map().version == c.at(n1).map().version; }));
}

TEST_CASE("membership: a node is drained, and is removed once it is empty") {
  scripted_cluster c;
  three_nodes(c);
  c.join(n1, n4);
  REQUIRE(c.wait([&] { return replicas_on(c, n4) == 3 && recorded(c, n1); }));
  REQUIRE(c.command(n2, drain(n1)));
  CHECK(c.wait([&] { return all_have(c, {n2, n3, n4}) && recorded(c, n2); }));
  CHECK(state_at(c, n2, n1) == node_state::draining);
  auto after = c.command(n2, remove(n1));
  REQUIRE(after);
  CHECK(after->find(n1)->state == node_state::left);
}

TEST_CASE("membership: a dead node is replaced by one command") {
  scripted_cluster c;
  three_nodes(c);
  c.join(n1, n4);
  REQUIRE(c.wait([&] { return state_at(c, n1, n4) == node_state::active; }));
  c.join(n1, n5);
  REQUIRE(c.wait([&] { return state_at(c, n1, n5) == node_state::active; }));
  c.kill(n1);
  REQUIRE(c.wait([&] {
    auto all = problems_at(c, n2);
    return std::any_of(all.begin(), all.end(), [](auto& p) { return p.starts_with("node n1"); });
  }));
  REQUIRE(c.command(n2, remove(n1, n5)));
  CHECK(c.wait([&] { return state_at(c, n2, n1) == node_state::left && recorded(c, n2); }));
  CHECK(replicas_on(c, n1) == 0);
  for (const auto& s : c.shards()) CHECK(s.voters.size() == 3);
}

TEST_CASE("membership: while a voter is silent nobody else is taken away") {
  scripted_cluster c;
  three_nodes(c);
  c.join(n1, n4);
  REQUIRE(c.wait([&] { return replicas_on(c, n4) == 3 && recorded(c, n1); }));
  c.kill(n4);
  REQUIRE(c.wait([&] { return c.at(n1).figures().alive == 3; }));
  auto seals = c.sealed().size();
  REQUIRE(c.command(n1, drain(n3)));
  CHECK(c.wait([&] {
    auto all = problems_at(c, n2);
    return std::any_of(all.begin(), all.end(),
                       [](auto& p) { return p.find("is to be empty and waits") != std::string::npos; });
  }));
  CHECK(c.sealed().size() == seals);
}

TEST_CASE("membership: strangers, used invitations and removed nodes are refused in words") {
  scripted_cluster c;
  three_nodes(c);
  auto code = [&](auto r) { return r ? errc::none : r.error().code; };
  CHECK(code(c.admit(n1, n4, std::nullopt)) == errc::forbidden);
  CHECK(code(c.admit(n1, n4, node::shown_invitation{"n4", std::string(32, 'x')})) == errc::forbidden);
  CHECK(code(c.admit(n1, n2, std::nullopt)) == errc::none);
  CHECK(code(c.admit(n1, n2, node::shown_invitation{"n2", std::string(32, 'h')})) == errc::forbidden);
  c.join(n1, n4);
  REQUIRE(c.wait([&] { return replicas_on(c, n4) == 3 && recorded(c, n1); }));
  REQUIRE(c.command(n1, remove(n4)));
  REQUIRE(c.wait([&] { return state_at(c, n1, n4) == node_state::left; }));
  CHECK(code(c.admit(n1, n4, std::nullopt)) == errc::forbidden);
}
