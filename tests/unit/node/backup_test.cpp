// Online backups over real shards and a network in memory: from whoever leads, also when that changes meanwhile.
#include "node/backup.hpp"

#include <catch2/catch_test_macros.hpp>

#include "protocol/message.hpp"
#include "protocol/schema/command.capnp.h"
#include "storage/rocks_kv.hpp"
#include "storage/snapshot.hpp"
#include "tests/support/shard_cluster.hpp"

using namespace troupe;
using namespace troupe::node;
using namespace troupe::test;
namespace fs = std::filesystem;

namespace {

constexpr std::uint16_t shards = 2;

shard_cluster_options three() {
  shard_cluster_options o;
  o.shards = shards;
  o.has_runtime = true;
  return o;
}

// About 'mebibytes' of it, in agents.
void fill(shard_cluster& c, std::uint16_t shard, int mebibytes) {
  for (int i = 0; i < mebibytes * 8; ++i) {
    capnp::MallocMessageBuilder message;
    auto command = message.initRoot<schema::Command>();
    command.setOrg("default");
    command.setPrincipal("node");
    auto events = command.initBody().initAppendEvents().initEvents(2);
    for (unsigned e = 0; e < events.size(); ++e) {
      events[e].initId().setHigh(0x0123'4567'89ab'7000ULL);
      events[e].getId().setLow(static_cast<std::uint64_t>(i) * 10 + e);
      events[e].setType(schema::EventType::CUSTOM);
      events[e].setCustomName("made.up");
      events[e].setTimeUs(1'700'000'000'000'000 + i);
      events[e].setAgentId("agent");
      events[e].setQuery(std::string(60'000, static_cast<char>('a' + i % 26)));
    }
    REQUIRE(c.command_anywhere(to_bytes(message), shard));
  }
}

struct saving {
  saving(shard_cluster& c, std::uint64_t at, network& peers)
      : what({&c.at(at), &peers, {c.shard(at, 0), c.shard(at, 1)}, node_id(at), "the-cluster"}) {}
  bool ends(shard_cluster& c) {
    return c.wait([&] { return !what.state().running; });
  }
  backups what;
};

// All replicas that live have the state that was saved, once they are quiet.
void same(shard_cluster& c, const fs::path& folder, const std::vector<std::uint64_t>& alive) {
  auto manifest = storage::check_backup(folder);
  REQUIRE(manifest);
  REQUIRE(manifest->shards.size() == shards);
  for (std::uint16_t s = 0; s < shards; ++s)
    for (auto n : alive) CHECK(c.wait([&] { return c.digest(n, s) == manifest->shards[s].digest; }));
}

}  // namespace

TEST_CASE("online backup: every node saves the same state, its own replicas leading or not") {
  shard_cluster c(three());
  REQUIRE(c.leader(0) != 0);
  REQUIRE(c.leader(1) != 0);
  fill(c, 1, 1);
  temporary_folder folder;
  std::optional<std::uint64_t> digest;
  for (std::uint64_t n = 1; n <= 3; ++n) {
    saving s(c, n, c.peers(n));
    auto where = (folder.path() / std::to_string(n)).string();
    auto begun = s.what.begin(where);
    REQUIRE(begun);
    CHECK(begun->running);
    REQUIRE(s.ends(c));
    auto state = s.what.state();
    REQUIRE_FALSE(state.failed);
    CHECK(state.shards_done == shards);
    CHECK(state.bytes > 900'000);
    if (!digest) digest = state.digest;
    CHECK(state.digest == *digest);
    same(c, where, {1, 2, 3});
  }
}

TEST_CASE("online backup: when the leader's node goes meanwhile, the next leader gives the state") {
  shard_cluster c(three());
  auto leader = c.leader(1);
  REQUIRE(leader != 0);
  REQUIRE(c.leader(0) != 0);
  fill(c, 1, 24);
  auto at = leader % 3 + 1, third = at % 3 + 1;
  temporary_folder folder;
  saving s(c, at, c.peers(at));
  auto where = (folder.path() / "b").string();
  REQUIRE(s.what.begin(where));
  CHECK(s.what.begin((folder.path() / "other").string()).error().code == errc::conflict);
  REQUIRE(c.wait([&] { return s.what.state().bytes > (2 << 20); }));
  REQUIRE(s.what.state().running);
  c.stop(leader);
  REQUIRE(s.ends(c));
  auto state = s.what.state();
  if (state.failed) FAIL(state.failed->detail);
  same(c, where, {at, third});
}

TEST_CASE("online backup: one that is ended, or cannot be written, leaves nothing behind") {
  shard_cluster c(three());
  REQUIRE(c.leader(0) != 0);
  REQUIRE(c.leader(1) != 0);
  fill(c, 1, 8);
  temporary_folder folder;
  {
    saving s(c, 1, c.peers(1));
    CHECK(s.what.state().folder.empty());
    CHECK(s.what.begin("relative").error().code == errc::invalid_argument);
    REQUIRE(s.what.begin((folder.path() / "b").string()));
    REQUIRE(c.wait([&] { return s.what.state().bytes > 0; }));
  }
  CHECK(fs::is_empty(folder.path()));
  saving s(c, 1, c.peers(1));
  REQUIRE(s.what.begin(folder.path().string()));
  REQUIRE(s.ends(c));
  REQUIRE(s.what.state().failed);
  CHECK(s.what.state().failed->code == errc::conflict);
  CHECK(fs::is_empty(folder.path()));
}

TEST_CASE("online backup: without a majority there is none, and it says which shard") {
  shard_cluster c(three());
  REQUIRE(c.leader(0) != 0);
  REQUIRE(c.leader(1) != 0);
  c.stop(2);
  c.stop(3);
  temporary_folder folder;
  saving s(c, 1, c.peers(1));
  REQUIRE(s.what.begin((folder.path() / "b").string()));
  REQUIRE(c.wait([&] { return !s.what.state().running; }, std::chrono::seconds(120)));
  REQUIRE(s.what.state().failed);
  CHECK(s.what.state().failed->detail.starts_with("shard 0: "));
  CHECK(fs::is_empty(folder.path()));
}
