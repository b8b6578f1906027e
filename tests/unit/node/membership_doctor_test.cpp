// What is found wrong with a cluster, one thing at a time.
#include <catch2/catch_test_macros.hpp>

#include <algorithm>

#include "node/membership_view.hpp"

using namespace troupe;
using namespace troupe::node;
using cluster::node_state;

namespace {

constexpr std::int64_t second_us = 1'000'000;

// Three nodes, two shards, all well.
cluster_sight healthy() {
  cluster_sight s;
  s.cluster_id = "c";
  s.self = node_id(1);
  s.now_us = 1'000'000 * second_us;
  s.map.version = 1;
  s.map.level = 1;
  std::vector<node_id> all{node_id(1), node_id(2), node_id(3)};
  for (auto id : all) {
    auto name = "n" + std::to_string(id.value);
    s.map.nodes.push_back({{id, name, name + ":1", "", "", "1.0", 1}, node_state::active, 0, 0, {}, {}});
    auto& seen = s.nodes[id];
    seen.connected = true;
    seen.last_seen_us = s.now_us;
    seen.report.node = id;
    seen.report.ready = true;
    seen.report.disk_free_bytes = 1ULL << 40;
    seen.report.certificate_expires_us = s.now_us + 400LL * 86'400 * second_us;
    seen.report.connected = all;
    for (std::uint16_t n = 0; n < 2; ++n) {
      shard_report r;
      r.shard = shard_id(n);
      r.role = id == node_id(1) ? "leader" : "follower";
      r.generation = generation(2);
      r.voters = all;
      r.term = term(5);
      r.leader = node_id(1);
      r.commit = r.applied = 10'000;
      seen.report.shards.push_back(r);
    }
  }
  for (std::uint16_t n = 0; n < 2; ++n)
    s.map.shards.push_back({shard_id(n), generation(2), all, s.now_us - 100 * second_us});
  return s;
}

void silence(cluster_sight& s, std::uint64_t id) {
  s.nodes[node_id(id)].connected = false;
  s.nodes[node_id(id)].last_seen_us -= 60 * second_us;
}

}  // namespace

TEST_CASE("doctor: a healthy cluster has nothing") {
  auto all = diagnose(healthy());
  for (const auto& p : all) UNSCOPED_INFO(p.what);
  CHECK(all.empty());
}

TEST_CASE("doctor: each thing that is wrong is found, with what to do") {
  struct row {
    const char* what;
    severity how;
    std::string_view says;
    std::function<void(cluster_sight&)> harm;
  };
  for (const auto& r : std::vector<row>{
           {"no map", severity::error, "does not know the cluster's map", [](auto& s) { s.map.version = 0; }},
           {"not let in, by a map that does not name it", severity::error, "this node: n2 does not let it in",
            [](auto& s) {
              std::erase_if(s.map.nodes, [&](auto& n) { return n.facts.id == s.self; });
              s.nodes[s.self].report.problems = {"n2 does not let it in"};
            }},
           {"not let in, by a map that says that it left", severity::error,
            "this node: n2 does not let it in",
            [](auto& s) {
              for (auto& n : s.map.nodes)
                if (n.facts.id == s.self) n.state = node_state::left;
              s.nodes[s.self].report.problems = {"n2 does not let it in"};
            }},
           {"a node away", severity::error, "node n3 at n3:1: not heard of for 60 s",
            [](auto& s) { silence(s, 3); }},
           {"a node that others do not reach", severity::error, "is reached from here, but not by most",
            [](auto& s) {
              s.map.nodes.push_back(
                  {{node_id(4), "n4", "n4:1", "", "", "1.0", 1}, node_state::active, 0, 0, {}, {}});
              s.nodes[node_id(4)] = s.nodes[node_id(3)];
              s.nodes[node_id(4)].report.node = node_id(4);
              s.nodes[node_id(4)].report.shards.clear();
            }},
           {"no majority", severity::error,
            "shard 1 has no majority: n2, n3 of its 3 voters cannot be reached",
            [](auto& s) { silence(s, 2), silence(s, 3); }},
           {"no leader", severity::error, "shard 1 has no leader",
            [](auto& s) { s.nodes[node_id(1)].report.shards[1].role = "candidate"; }},
           {"a halted shard", severity::error, "node n2, shard 0 is halted: broken",
            [](auto& s) { s.nodes[node_id(2)].report.shards[0].fault = "broken"; }},
           {"a lagging replica", severity::warning, "shard 1 on node n2 is 9999 entries behind",
            [](auto& s) { s.nodes[node_id(2)].report.shards[1].applied = 1; }},
           {"clocks apart", severity::warning, "the clock of node n2 is 900 ms off",
            [](auto& s) { s.nodes[node_id(2)].clock_offset_us = 900'000; }},
           {"a full disk", severity::warning, "node n2 has 200 MiB left",
            [](auto& s) { s.nodes[node_id(2)].report.disk_free_bytes = 200ULL << 20; }},
           {"an old certificate", severity::warning, "the certificate of node n2 expires in 3 days",
            [](auto& s) {
              s.nodes[node_id(2)].report.certificate_expires_us = s.now_us + 3LL * 86'400 * second_us + 1;
            }},
           {"an expired certificate", severity::error, "the certificate of node n2 has expired",
            [](auto& s) { s.nodes[node_id(2)].report.certificate_expires_us = s.now_us - 1; }},
           {"versions", severity::warning, "different versions: 1.0, 1.1",
            [](auto& s) { s.map.nodes[1].facts.version = "1.1"; }},
           {"digests", severity::error, "node n2, shard 0: its records differ",
            [](auto& s) { s.nodes[node_id(2)].report.shards[0].digest_mismatches = 1; }},
           {"a map that lags", severity::warning,
            "the map has generation 1 of shard 0, which is in generation 2",
            [](auto& s) { s.map.shards[0].generation = generation(1); }},
           {"too few replicas", severity::warning, "fewer than 3 replicas: shards 1",
            [](auto& s) {
              for (auto& [id, n] : s.nodes) n.report.shards[1].voters = {node_id(1)};
            }},
           {"its own problems", severity::warning, "node n2: it is tired",
            [](auto& s) { s.nodes[node_id(2)].report.problems = {"it is tired"}; }},
           {"a node that never came", severity::warning, "node n4 was admitted",
            [](auto& s) {
              s.map.nodes.push_back(
                  {{node_id(4), "n4", "", "", "", "1.0", 1}, node_state::joining, 0, 0, {}, {}});
            }},
       }) {
    INFO(r.what);
    auto sight = healthy();
    r.harm(sight);
    auto all = diagnose(sight);
    for (const auto& p : all) UNSCOPED_INFO(p.what);
    CHECK(std::any_of(all.begin(), all.end(), [&](const problem& p) {
      return p.how == r.how && p.what.find(r.says) != std::string::npos && !p.advice.empty();
    }));
    CHECK(std::is_sorted(all.begin(), all.end(), [](auto& a, auto& b) { return a.how > b.how; }));
  }
}

TEST_CASE("doctor: the replica that is alone with its digest is the one that differs") {
  auto sight = healthy();
  auto part = [&](std::uint64_t node) -> shard_report& {
    return sight.nodes[node_id(node)].report.shards[0];
  };
  CHECK_FALSE(differs(sight, part(1)));  // nobody has one
  for (std::uint64_t n = 1; n <= 3; ++n) part(n).digest_index = 50, part(n).digest = 7;
  CHECK_FALSE(differs(sight, part(1)));
  part(3).digest = 8;
  CHECK_FALSE(differs(sight, part(1)));
  sight.self = node_id(3);
  CHECK(differs(sight, part(3)));
  // Taken at another entry it says nothing.
  part(3).digest_index = 40;
  CHECK_FALSE(differs(sight, part(3)));
  // Of two nobody knows which one is right.
  part(3).digest_index = 50;
  part(1).role = "vacant";
  CHECK(differs(sight, part(3)));
  sight.self = node_id(2);
  CHECK(differs(sight, part(2)));
}
