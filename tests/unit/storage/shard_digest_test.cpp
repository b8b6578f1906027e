// The digests by which replicas compare their records: taken at the same entries, equal where the records are, and another
// one where somebody has changed a record behind the shard's back.
#include <catch2/catch_test_macros.hpp>

#include "protocol/message.hpp"
#include "protocol/schema/command.capnp.h"
#include "protocol/schema/query.capnp.h"
#include "storage/shard_digest.hpp"
#include "storage/snapshot.hpp"
#include "tests/support/memory_kv.hpp"
#include "tests/support/shard_cluster.hpp"

using namespace troupe;
using namespace troupe::storage;
using namespace troupe::test;

namespace {

struct taken {
  std::uint64_t index = 0, digest = 0, applied = 0;
};

taken digest_at(shard_cluster& c, std::uint64_t node) {
  auto bytes = c.status(node);
  if (!bytes) return {};
  message_reader reader(*bytes);
  auto s = reader.root<schema::QueryResult>().getStatus();
  return {s.getDigestIndex(), s.getDigest(), s.getAppliedIndex()};
}

std::string agent(int number) {
  capnp::MallocMessageBuilder message;
  auto c = message.initRoot<schema::Command>();
  c.setOrg("default");
  c.setPrincipal("node");
  auto a = c.getBody().initRegisterAgent();
  a.setId("agent-" + std::to_string(number));
  a.setName("somebody");
  return to_bytes(message);
}

// All three, at the same entry, which is past 'after'.
std::optional<std::array<taken, 3>> all_at_one(shard_cluster& c, std::uint64_t after) {
  std::array<taken, 3> all{digest_at(c, 1), digest_at(c, 2), digest_at(c, 3)};
  bool same = all[0].index > after && all[0].index == all[1].index && all[0].index == all[2].index;
  return same ? std::optional(all) : std::nullopt;
}

}  // namespace

TEST_CASE("shard digest: replicas have one digest at one entry, and the one that was tampered with another") {
  shard_cluster c({.digest_every = std::chrono::milliseconds(100)});
  REQUIRE(c.leader() != 0);
  REQUIRE(c.command_anywhere(agent(1)));
  std::optional<std::array<taken, 3>> all;
  REQUIRE(c.wait([&] { return (all = all_at_one(c, 0)).has_value(); }));
  CHECK((*all)[0].digest == (*all)[1].digest);
  CHECK((*all)[0].digest == (*all)[2].digest);
  // Nothing has changed since: nobody is asked again.
  auto rested = [&] { return digest_at(c, 1).applied == digest_at(c, 1).index; };
  CHECK(c.wait(rested));

  auto batch = c.store(2).make_batch();
  batch->put(column::rollups, shard_key(shard_id(0), "planted"), "here only");
  REQUIRE(c.store(2).write(*batch, durability::logged));
  auto before = (*all)[0].index;
  REQUIRE(c.command_anywhere(agent(2)));
  REQUIRE(c.wait([&] { return (all = all_at_one(c, before)).has_value(); }));
  CHECK((*all)[0].digest == (*all)[2].digest);
  CHECK((*all)[0].digest != (*all)[1].digest);
}

TEST_CASE("shard digest: the worker takes what it was given, one for each shard, and can be ended") {
  testing::memory_kv store;
  auto put = [&](std::string_view value) {
    auto batch = store.make_batch();
    for (int i = 0; i < 2'000; ++i)
      batch->put(column::state, shard_key(shard_id(1), std::to_string(i)), std::string(500, value[0]));
    REQUIRE(store.write(*batch, durability::synced));
    return digest(store.latest(), shard_id(1));
  };
  auto first = put("a");
  std::mutex mutex;
  std::condition_variable came;
  std::vector<std::uint64_t> seen;
  digest_worker worker;
  worker.take(shard_id(1), store.snapshot(), [&](std::uint64_t sum, std::uint64_t) {
    std::lock_guard lock(mutex);
    seen.push_back(sum);
    came.notify_all();
  });
  auto second = put("b");
  CHECK(first != second);
  std::unique_lock lock(mutex);
  REQUIRE(came.wait_for(lock, std::chrono::seconds(30), [&] { return !seen.empty(); }));
  CHECK(seen == std::vector{first});
  lock.unlock();
  for (int i = 0; i < 100; ++i)
    worker.take(shard_id(1), store.snapshot(), [](std::uint64_t, std::uint64_t) {});
}
