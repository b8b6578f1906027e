// A node's part in a shard through its generations: several members on one desk, with a network that the test works by hand.
#include "storage/member.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <deque>
#include <map>

#include "actors/machines.hpp"
#include "protocol/message.hpp"
#include "protocol/schema/command.capnp.h"
#include "protocol/schema/reply.capnp.h"
#include "storage/entry.hpp"
#include "storage/log.hpp"
#include "storage/snapshot.hpp"
#include "storage/state_transfer.hpp"
#include "tests/support/memory_kv.hpp"

using namespace troupe;
using namespace troupe::storage;
using testing::memory_kv;

namespace {

constexpr shard_id the_shard{3};

std::string command(const std::function<void(schema::Command::Body::Builder)>& fill) {
  capnp::MallocMessageBuilder message;
  auto c = message.initRoot<schema::Command>();
  c.setOrg("default");
  fill(c.getBody());
  return to_bytes(message);
}

// Leaves a reply behind among the records.
std::string kept(const std::string& key) {
  capnp::MallocMessageBuilder message;
  auto c = message.initRoot<schema::Command>();
  c.setOrg("default");
  c.setIdempotencyKey(key);
  c.getBody().setNoop();
  return to_bytes(message);
}

std::string noop() {
  return command([](auto b) { b.setNoop(); });
}

std::string seal(std::uint64_t into, const std::vector<std::uint64_t>& voters) {
  return command([&](auto b) {
    auto s = b.initSeal();
    s.setGeneration(into);
    auto list = s.initVoters(static_cast<unsigned>(voters.size()));
    for (unsigned i = 0; i < list.size(); ++i) list.set(i, voters[i]);
  });
}

// One node: a member, its disk, which is done when the desk says so, and what it sends.
struct desk_node final : member_host {
  desk_node(std::uint64_t id, std::vector<node_id> founders) {
    config.raft.shard = the_shard;
    config.raft.self = node_id(id);
    config.raft.voters = std::move(founders);
    config.history = epoch(7);
    config.announce_ms = 100;
    config.learning_ms = 1'000;
  }

  void start(instant now) {
    disk.clear();
    it = std::make_unique<storage::member>(config, store, machines, *this);
    REQUIRE(it->start(now));
  }
  void work_disk(instant now) {
    while (!disk.empty()) {
      auto [batch, ticket] = std::move(disk.front());
      disk.pop_front();
      REQUIRE(store.write(*batch, durability::synced));
      it->written(now, ticket);
    }
  }

  void write(std::unique_ptr<kv_batch> batch, write_ticket ticket) override {
    disk.emplace_back(std::move(batch), ticket);
  }
  void send(node_id to, std::string message) override { raft.emplace_back(to, std::move(message)); }
  void send_generation(node_id to, std::string message) override {
    news.emplace_back(to, std::move(message));
  }
  void pull_state(const state_request& request) override { wanted = request; }
  void import_soon() override { imports = true; }
  void generation_changed(generation, const std::vector<node_id>&) override {}
  void replied(request_id id, result<std::string> reply) override {
    replies.insert_or_assign(id.value, std::move(reply));
  }
  void published(std::string) override {}
  void role_changed(raft_role, term, node_id) override {}
  void read_ready(read_id) override { ++reads_ready; }
  void read_failed(read_id) override { ++reads_failed; }
  void halted(const failure& why) override {
    if (!may_halt) FAIL(why.detail);
    fault = why.detail;
  }
  std::pair<std::uint64_t, std::uint64_t> entropy() override { return {1, 2}; }

  shard_config config;
  machine_set machines = make_machines();
  memory_kv store;
  std::unique_ptr<storage::member> it;
  std::deque<std::pair<std::unique_ptr<kv_batch>, write_ticket>> disk;
  std::vector<std::pair<node_id, std::string>> raft, news;
  std::optional<state_request> wanted;
  bool imports = false, may_halt = false;
  std::string fault;
  std::map<std::uint64_t, result<std::string>> replies;
  int reads_ready = 0, reads_failed = 0;
};

struct desk {
  desk(std::uint64_t nodes, std::vector<node_id> founders) {
    for (std::uint64_t id = 1; id <= nodes; ++id) {
      bool founds = std::find(founders.begin(), founders.end(), node_id(id)) != founders.end();
      all.push_back(std::make_unique<desk_node>(id, founds ? founders : std::vector<node_id>{}));
      all.back()->start(now);
    }
    settle();
  }
  desk_node& at(std::uint64_t id) { return *all[id - 1]; }

  // Brings all messages and states until nothing moves.
  void settle() {
    for (bool moved = true; moved;) {
      moved = false;
      for (auto& n : all) {
        moved = moved || !n->disk.empty();
        n->work_disk(now);
        for (auto& [to, m] : std::exchange(n->raft, {}))
          at(to.value).it->receive(now, id(*n), m), moved = true;
        for (auto& [to, m] : std::exchange(n->news, {}))
          at(to.value).it->receive_generation(now, id(*n), m), moved = true;
        if (auto request = std::exchange(n->wanted, std::nullopt)) bring(*n, *request), moved = true;
        if (std::exchange(n->imports, false)) n->it->import_more(now), moved = true;
      }
    }
  }
  void bring(desk_node& n, const state_request& request) {
    auto& source = at(request.from.value);
    pulls.push_back(request.purpose);
    bool changes = request.purpose == state_purpose::changes;
    if (cut_off == id(n)) return n.it->pull_failed(now, request);
    if (!changes && !source.it->can_give(request)) return n.it->pull_failed(now, request);
    state_taker taker(the_shard, request, n.store);
    REQUIRE(taker.begin());
    state_giver giver;
    auto outcome = state_taker::outcome::more;
    while (outcome == state_taker::outcome::more) {
      auto question = decode_state_question(taker.question());
      if (changes) {
        outcome = taker.take(answer_changes(*question, id(n), *source.it, now.mono_ms));
        if (outcome == state_taker::outcome::failed) return n.it->pull_failed(now, request);
        continue;
      }
      auto held = giver.accept(*question, id(n), *source.it, source.store, now.mono_ms, 77);
      REQUIRE(held);
      outcome = taker.take(answer_state(*held->second, held->first, *question, 500));
    }
    REQUIRE(outcome == state_taker::outcome::complete);
    n.it->pulled(now, taker.wanted(), taker.chunks());
  }
  void pass(std::uint64_t ms) {
    for (std::uint64_t i = 0; i < ms; i += 20) {
      now.mono_ms += 20;
      for (auto& n : all) n->it->tick(now);
      settle();
    }
  }
  static node_id id(const desk_node& n) { return n.config.raft.self; }

  // The reply's kind, or the failure's code.
  std::string ask(std::uint64_t node, const std::string& what) {
    request_id request(++requests);
    at(node).it->propose(now, request, what);
    settle();
    auto found = at(node).replies.find(request.value);
    if (found == at(node).replies.end()) return "nothing";
    if (!found->second) return std::string(to_string(found->second.error().code));
    message_reader reader(*found->second);
    auto reply = reader.root<schema::Reply>();
    if (reply.isRefused()) return std::string(to_string(static_cast<errc>(reply.getRefused().getCode())));
    return "done";
  }

  std::uint64_t requests = 0;
  node_id cut_off;  // nobody gives it states
  std::vector<state_purpose> pulls;
  instant now{1'000, 1'700'000'000'000'000};
  std::vector<std::unique_ptr<desk_node>> all;
};

}  // namespace

TEST_CASE("member: a lone voter's data lives on among three, and goes back to another alone") {
  desk d(3, {node_id(1)});
  CHECK(d.ask(1, noop()) == "done");
  CHECK(d.ask(1, seal(2, {1, 2, 3})) == "done");
  d.pass(5'000);
  for (std::uint64_t n = 1; n <= 3; ++n) {
    CHECK(d.at(n).it->phase() == member_phase::voting);
    CHECK(d.at(n).it->current() == generation(2));
    CHECK(d.at(n).it->settled());
  }
  auto leader = d.at(1).it->replica()->status().leader.value;
  REQUIRE(leader != 0);
  CHECK(d.ask(leader, noop()) == "done");
  CHECK(d.ask(leader, seal(3, {2})) == "done");
  d.pass(5'000);
  CHECK(d.at(2).it->phase() == member_phase::voting);
  CHECK(d.ask(2, noop()) == "done");
  for (std::uint64_t n : {1, 3}) {
    CHECK(d.at(n).it->phase() == member_phase::vacant);
    CHECK(digest(d.at(n).store.latest(), the_shard) == digest(memory_kv().latest(), the_shard));
  }
}

TEST_CASE(
    "member: a leader stamps the level in force, and an older version halts before an entry beyond its own") {
  desk d(1, {node_id(1)});
  auto& one = d.at(1);
  auto in_force = std::make_shared<std::atomic<std::uint32_t>>(0);
  one.config.level = in_force;
  one.machines.level = 2;
  one.start(d.now);
  d.settle();
  // Not known yet; then 1, 2, and what this version cannot do itself.
  for (std::uint32_t level : {0, 1, 2, 3}) {
    *in_force = level;
    CHECK(d.ask(1, noop()) == "done");
  }
  auto last = one.it->replica()->status().applied;
  auto records = load_records(one.store.latest(), the_shard, log_index(last.value - 3), 4);
  REQUIRE(records);
  std::vector<std::uint32_t> stamped;
  for (const auto& r : *records) stamped.push_back(decode_entry(*r.payload)->at.level);
  CHECK(stamped == std::vector<std::uint32_t>{1, 1, 2, 2});
  one.machines.level = 1;
  one.may_halt = true;
  one.it = std::make_unique<storage::member>(one.config, one.store, one.machines, one);
  static_cast<void>(one.it->start(d.now));
  d.settle();
  CHECK(one.fault.find("is of behaviour level 2, this version can do 1: install a newer version") !=
        std::string::npos);
}

TEST_CASE("member: a seal for another generation, or of impossible voters, changes nothing") {
  desk d(1, {node_id(1)});
  CHECK(d.ask(1, seal(3, {1})) == "conflict");
  CHECK(d.ask(1, seal(1, {1})) == "conflict");
  CHECK(d.ask(1, seal(2, {})) == "invalid_argument");
  CHECK(d.ask(1, seal(2, {1, 1})) == "invalid_argument");
  CHECK(d.ask(1, seal(2, {0})) == "invalid_argument");
  CHECK(d.ask(1, noop()) == "done");
  CHECK(d.at(1).it->current() == generation(1));
}

TEST_CASE("member: what was proposed behind the seal is refused, and can be sent again") {
  desk d(2, {node_id(1)});
  auto& one = d.at(1);
  one.it->propose(d.now, request_id(100), seal(2, {2}));
  one.it->propose(d.now, request_id(101), noop());
  d.settle();
  CHECK(one.replies.at(100));
  REQUIRE_FALSE(one.replies.at(101));
  CHECK(one.replies.at(101).error().code == errc::not_leader);
  CHECK(d.ask(1, noop()) == "not_leader");
  one.it->read(d.now, read_id(1));
  CHECK(one.reads_failed == 1);
  CHECK(one.reads_ready == 0);
}

TEST_CASE("member: who holds no replica says so") {
  desk d(2, {node_id(1)});
  CHECK(d.at(2).it->phase() == member_phase::vacant);
  CHECK(d.ask(2, noop()) == "not_leader");
  d.at(2).it->read(d.now, read_id(1));
  CHECK(d.at(2).reads_failed == 1);
}

TEST_CASE("member: a restart between the seal and the next generation goes on") {
  desk d(2, {node_id(1)});
  auto& one = d.at(1);
  one.it->propose(d.now, request_id(1), seal(2, {1}));
  while (one.replies.empty()) {  // the seal is applied; the step into generation 2 is not yet written
    REQUIRE_FALSE(one.disk.empty());
    auto [batch, ticket] = std::move(one.disk.front());
    one.disk.pop_front();
    REQUIRE(one.store.write(*batch, durability::synced));
    one.it->written(d.now, ticket);
  }
  CHECK(one.it->phase() == member_phase::entering);
  one.start(d.now);
  d.settle();
  CHECK(one.it->phase() == member_phase::voting);
  CHECK(one.it->current() == generation(2));
  CHECK(d.ask(1, noop()) == "done");
}

TEST_CASE("member: a node that left is no voter of that generation again, not even after a restart") {
  desk d(2, {node_id(1)});
  CHECK(d.ask(1, seal(2, {2})) == "done");
  d.pass(2'000);
  REQUIRE(d.at(1).it->phase() == member_phase::vacant);
  d.at(1).start(d.now);
  auto late = encode_generation_message(
      {the_shard, node_id(2),
       generation_change{generation(2), {node_id(1), node_id(2)}, {log_index(2), term(2)}}});
  d.at(1).it->receive_generation(d.now, node_id(2), late);
  CHECK(d.at(1).it->phase() == member_phase::vacant);
  CHECK_FALSE(d.at(1).wanted);
  auto later = encode_generation_message(
      {the_shard, node_id(2),
       generation_change{generation(3), {node_id(1), node_id(2)}, {log_index(9), term(4)}}});
  d.at(1).it->receive_generation(d.now, node_id(2), later);
  CHECK(d.at(1).it->phase() == member_phase::pulling);
}

TEST_CASE("member: messages that are broken, or of another shard or sender, change nothing") {
  desk d(2, {node_id(1)});
  generation_change change{generation(9), {node_id(2)}, {log_index(2), term(2)}};
  d.at(2).it->receive_generation(d.now, node_id(1), "rubbish");
  d.at(2).it->receive_generation(d.now, node_id(1),
                                 encode_generation_message({shard_id(4), node_id(1), change}));
  d.at(2).it->receive_generation(d.now, node_id(1),
                                 encode_generation_message({the_shard, node_id(5), change}));
  CHECK(d.at(2).it->phase() == member_phase::vacant);
}

namespace {

std::uint64_t records_of(desk& d, std::uint64_t node) {
  d.at(node).it->write_out();
  return digest(d.at(node).store.latest(), the_shard);
}

const auto no_records = [] { return digest(memory_kv().latest(), the_shard); };

// Node 1 alone with some records, and node 2, which has learnt them.
void learn_all(desk& d) {
  for (int i = 0; i < 40; ++i) REQUIRE(d.ask(1, kept("before" + std::to_string(i))) == "done");
  d.at(2).it->learn(d.now, node_id(1), generation(1));
  d.pass(200);
  REQUIRE(d.at(2).it->learning());
  REQUIRE(d.at(2).it->learning()->reached == d.at(1).it->replica()->applied());
}

}  // namespace

TEST_CASE("member: who learnt ahead of the seal follows, and enters without pulling the state again") {
  desk d(2, {node_id(1)});
  learn_all(d);
  for (int i = 0; i < 20; ++i) REQUIRE(d.ask(1, kept("meanwhile" + std::to_string(i))) == "done");
  d.pass(200);
  CHECK(d.at(2).it->learning()->reached == d.at(1).it->replica()->applied());
  CHECK(records_of(d, 1) == records_of(d, 2));
  CHECK(d.at(2).it->phase() == member_phase::vacant);
  CHECK(d.ask(2, noop()) == "not_leader");
  REQUIRE(d.ask(1, kept("just before")) == "done");
  REQUIRE(d.ask(1, seal(2, {1, 2})) == "done");
  d.pass(2'000);
  for (std::uint64_t n : {1, 2}) {
    CHECK(d.at(n).it->phase() == member_phase::voting);
    CHECK(d.at(n).it->settled());
  }
  CHECK(records_of(d, 1) == records_of(d, 2));
  CHECK(d.pulls.front() == state_purpose::ahead);
  CHECK(std::count(d.pulls.begin(), d.pulls.end(), state_purpose::replica) == 0);
  CHECK(std::count(d.pulls.begin(), d.pulls.end(), state_purpose::ahead) == 1);
  auto leader = d.at(1).it->replica()->status().leader.value;
  REQUIRE(leader != 0);
  CHECK(d.ask(leader, kept("after")) == "done");
  d.pass(500);
  CHECK(records_of(d, 1) == records_of(d, 2));
}

TEST_CASE("member: who is told no more to learn, or restarts, holds nothing") {
  desk d(2, {node_id(1)});
  learn_all(d);
  d.pass(500);
  d.at(2).it->learn(d.now, node_id(1), generation(1));
  d.pass(700);
  CHECK(d.at(2).it->learning());
  d.pass(500);
  CHECK_FALSE(d.at(2).it->learning());
  CHECK(records_of(d, 2) == no_records());
  learn_all(d);
  d.at(2).start(d.now);
  CHECK_FALSE(d.at(2).it->learning());
  CHECK(records_of(d, 2) == no_records());
}

TEST_CASE("member: where the changes are not known any more, the state is pulled after the seal") {
  desk d(2, {node_id(1)});
  learn_all(d);
  d.at(1).it->journal().clear();
  REQUIRE(d.ask(1, kept("missed")) == "done");
  REQUIRE(d.ask(1, seal(2, {1, 2})) == "done");
  d.pass(3'000);
  for (std::uint64_t n : {1, 2}) CHECK(d.at(n).it->phase() == member_phase::voting);
  CHECK(records_of(d, 1) == records_of(d, 2));
  CHECK(std::count(d.pulls.begin(), d.pulls.end(), state_purpose::replica) == 1);
}

TEST_CASE("member: who learns is still at it when the seal comes") {
  desk d(2, {node_id(1)});
  for (int i = 0; i < 40; ++i) REQUIRE(d.ask(1, kept("before" + std::to_string(i))) == "done");
  d.at(2).it->learn(d.now, node_id(1), generation(1));
  d.at(1).it->propose(d.now, request_id(1'000), kept("at once"));
  d.at(1).it->propose(d.now, request_id(1'001), seal(2, {1, 2}));
  d.pass(3'000);
  for (std::uint64_t n : {1, 2}) CHECK(d.at(n).it->phase() == member_phase::voting);
  CHECK(records_of(d, 1) == records_of(d, 2));
}

TEST_CASE("member: who learnt, and comes too late for the generation that it was for, holds nothing") {
  desk d(3, {node_id(1)});
  learn_all(d);
  REQUIRE(d.ask(1, kept("missed")) == "done");
  d.cut_off = node_id(2);
  REQUIRE(d.ask(1, seal(2, {1, 2, 3})) == "done");
  d.pass(3'000);
  CHECK(d.at(2).it->phase() == member_phase::pulling);
  auto leader = d.at(1).it->replica()->status().leader.value;
  REQUIRE(leader != 0);
  REQUIRE(d.ask(leader, seal(3, {1, 3})) == "done");
  d.pass(5'000);
  CHECK(d.at(2).it->phase() == member_phase::vacant);
  CHECK(records_of(d, 2) == no_records());
}
