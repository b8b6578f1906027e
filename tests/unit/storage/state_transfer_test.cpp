// A shard's state on its way to another node: chunk by chunk, over lost and damaged answers, and put in place as one step.
#include "storage/state_transfer.hpp"

#include <catch2/catch_test_macros.hpp>

#include "actors/machines.hpp"
#include "protocol/message.hpp"
#include "protocol/schema/command.capnp.h"
#include "protocol/schema/query.capnp.h"
#include "tests/support/memory_kv.hpp"
#include "tests/support/shard_cluster.hpp"

using namespace troupe;
using namespace troupe::storage;
using namespace troupe::test;
using testing::memory_kv;

namespace {

constexpr shard_id the_shard{0};
using taken = state_taker::outcome;

std::string command(const std::function<void(schema::Command::Body::Builder)>& fill) {
  capnp::MallocMessageBuilder message;
  auto c = message.initRoot<schema::Command>();
  c.setOrg("default");
  c.setPrincipal("node");
  fill(c.getBody());
  return to_bytes(message);
}

std::string events(std::uint64_t from, unsigned count) {
  return command([&](auto b) {
    auto list = b.initAppendEvents().initEvents(count);
    for (unsigned i = 0; i < count; ++i) {
      auto e = list[i];
      e.initId().setHigh(0x0123'4567'89ab'7000ULL);
      e.getId().setLow(from + i);
      e.setType(schema::EventType::CUSTOM);
      e.setCustomName("made.up");
      e.setTimeUs(1'700'000'000'000'000 + static_cast<std::int64_t>(from + i));
      e.setAgentId("agent " + std::to_string(i % 7));
      e.setQuery(std::string(300, static_cast<char>('a' + i % 26)));
    }
  });
}

std::string seal(std::uint64_t into, const std::vector<std::uint64_t>& voters) {
  return command([&](auto b) {
    auto s = b.initSeal();
    s.setGeneration(into);
    auto list = s.initVoters(static_cast<unsigned>(voters.size()));
    for (unsigned i = 0; i < list.size(); ++i) list.set(i, voters[i]);
  });
}

std::string role_of(shard_cluster& c, std::uint64_t node) {
  auto bytes = c.status(node);
  if (!bytes) return bytes.error().detail;
  message_reader reader(*bytes);
  return reader.root<schema::QueryResult>().getStatus().getRole().cStr();
}

// A store with records of the shard, and one to bring them to. The applied state says entry 9.
struct two_stores {
  two_stores() {
    auto batch = giver.make_batch();
    for (int i = 0; i < 200; ++i)
      batch->put(i % 2 ? column::events : column::state, shard_key(the_shard, "key " + std::to_string(i)),
                 std::string(100, 'v'));
    batch->put(column::state, shard_key(shard_id(1), "of another"), "x");
    capnp::MallocMessageBuilder message;
    auto applied = message.initRoot<schema::AppliedState>();
    applied.setIndex(9);
    applied.setTerm(2);
    batch->put(column::meta, shard_key(the_shard, "applied"), to_bytes(message));
    REQUIRE(giver.write(*batch, durability::synced));
  }
  std::string answer(const state_taker& t, std::uint64_t number = 5) const {
    auto q = decode_state_question(t.question());
    REQUIRE(q);
    return answer_state(giver.latest(), number, *q, 1'000);
  }
  void put_in_place(std::uint64_t chunks) {
    state_import import{{}, state_import::purpose::enter, chunks};
    for (std::uint64_t next = 1; next <= chunks;) {
      auto more = import_some(taker, the_shard, import, next);
      REQUIRE(more);
      next = *more;
    }
  }

  memory_kv giver, taker;
  state_request wanted{node_id(1), generation(2), {log_index(9), term(2)}, 1};
};

}  // namespace

TEST_CASE("state transfer: all records arrive, those of other shards do not") {
  two_stores s;
  state_taker t(the_shard, s.wanted, s.taker);
  REQUIRE(t.begin());
  auto how = taken::more;
  while (how == taken::more) how = t.take(s.answer(t));
  REQUIRE(how == taken::complete);
  CHECK(t.chunks() > 10);
  s.put_in_place(t.chunks());
  CHECK(digest(s.taker.latest(), the_shard) == digest(s.giver.latest(), the_shard));
  CHECK_FALSE(s.taker.latest().get(column::state, shard_key(shard_id(1), "of another")));
}

TEST_CASE("state transfer: what is lost or damaged is asked for again, from where it was") {
  two_stores s;
  state_taker t(the_shard, s.wanted, s.taker);
  REQUIRE(t.begin());
  REQUIRE(t.take(s.answer(t)) == taken::more);
  auto question = t.question();
  CHECK(t.take({}) == taken::again);
  auto damaged = s.answer(t);
  damaged[damaged.size() / 2] ^= 1;
  CHECK(t.take(damaged) == taken::again);
  CHECK(t.question() == question);
  CHECK(t.chunks() == 1);
  auto how = taken::more;
  while (how == taken::more) how = t.take(s.answer(t));
  CHECK(how == taken::complete);
  s.put_in_place(t.chunks());
  CHECK(digest(s.taker.latest(), the_shard) == digest(s.giver.latest(), the_shard));
}

TEST_CASE("state transfer: it begins anew when the giver has lost the snapshot, and gives up in the end") {
  two_stores s;
  state_taker t(the_shard, s.wanted, s.taker);
  REQUIRE(t.begin());
  REQUIRE(t.take(s.answer(t)) == taken::more);
  CHECK(t.take(s.answer(t, 6)) == taken::again);  // of another snapshot
  CHECK(t.take(refuse_state("gone")) == taken::anew);
  CHECK(t.chunks() == 0);
  CHECK_FALSE(has_incoming(s.taker.latest(), the_shard));
  auto how = taken::again;
  for (int i = 0; i < 1'000 && how == taken::again; ++i) how = t.take({});
  CHECK(how == taken::failed);
}

TEST_CASE("state transfer: a giver that is behind what is wanted is not taken from") {
  two_stores s;
  s.wanted.point.index = log_index(10);
  state_taker t(the_shard, s.wanted, s.taker);
  REQUIRE(t.begin());
  auto how = taken::more;
  while (how == taken::more) how = t.take(s.answer(t));
  CHECK(how == taken::failed);
}

TEST_CASE("state transfer: nonsense for a question or a chunk is refused") {
  CHECK_FALSE(decode_state_question("rubbish"));
  two_stores s;
  auto bad = export_chunk(s.giver.latest(), the_shard, {column::log, ""}, 100);
  CHECK_FALSE(bad);
  CHECK_FALSE(check_chunk(the_shard, "rubbish"));
  auto chunk = export_chunk(s.giver.latest(), the_shard, {}, 100);
  REQUIRE(chunk);
  CHECK_FALSE(check_chunk(shard_id(1), chunk->bytes));
}

TEST_CASE("state transfer: a lone node's data is there on the two that join it") {
  shard_cluster c({.nodes = 3, .founders = {node_id(1)}});
  REQUIRE(c.leader() == 1);
  for (unsigned i = 0; i < 40; ++i) REQUIRE(c.command(1, events(i * 100, 100)));
  REQUIRE(c.command(1, seal(2, {1, 2, 3})));
  REQUIRE(c.command_anywhere(events(4'000, 10)));
  REQUIRE(c.wait([&] {
    for (std::uint64_t n = 1; n <= 3; ++n)
      if (role_of(c, n) != "leader" && role_of(c, n) != "follower") return false;
    return c.digest(1) == c.digest(2) && c.digest(1) == c.digest(3);
  }));
  // And lives on without the first.
  c.stop(1);
  CHECK(c.command_anywhere(events(5'000, 10)));
}

TEST_CASE("state transfer: who was away for longer than the log reaches catches up by a snapshot") {
  shard_cluster c({.snapshot_every = 20, .trailing = 5});
  auto leader = c.leader();
  REQUIRE(leader != 0);
  auto away = leader % 3 + 1;
  c.stop(away);
  for (unsigned i = 0; i < 100; ++i) REQUIRE(c.command_anywhere(events(i * 20, 20)));
  // So that the log may be compacted.
  for (std::uint64_t n = 1; n <= 3; ++n)
    if (n != away) REQUIRE(c.store(n).flush());
  for (unsigned i = 100; i < 160; ++i) REQUIRE(c.command_anywhere(events(i * 20, 20)));
  auto before = c.seen_by(leader).term;
  c.start(away);
  REQUIRE(c.wait([&] { return c.digest(away) == c.digest(leader); }));
  CHECK(c.seen_by(leader).term == before);
  CHECK(c.leader() == leader);
}

TEST_CASE("state transfer: a giver that dies midway is replaced by another") {
  shard_cluster c({.nodes = 4});
  auto leader = c.leader();
  REQUIRE(leader != 0);
  for (unsigned i = 0; i < 60; ++i) REQUIRE(c.command(leader, events(i * 100, 100)));
  auto other = leader % 3 + 1, third = other % 3 + 1;
  REQUIRE(c.command(leader, seal(2, {other, third, 4})));
  REQUIRE(c.wait([&] { return role_of(c, 4) == "pulling"; }));
  c.stop(leader);
  CHECK(c.command_anywhere(events(9'000, 10)));
  REQUIRE(c.wait([&] { return c.digest(4) == c.digest(other) && c.digest(4) == c.digest(third); }));
}
