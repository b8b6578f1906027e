// Presence between nodes: the streams as a table and under random loss, and the actors over a network in memory.
#include <catch2/catch_test_macros.hpp>

#include <caf/all.hpp>

#include <map>
#include <mutex>
#include <random>
#include <set>

#include "actors/presence/actor.hpp"
#include "actors/presence/stream.hpp"
#include "actors/runtime/presence_message.hpp"
#include "tests/support/edge_fixture.hpp"
#include "tests/support/memory_network.hpp"

using namespace troupe;

namespace {

present_session session(std::uint64_t number) {
  return {number, std::string("default\0events", 14), "key" + std::to_string(number % 3), "{}"};
}

std::vector<std::uint64_t> numbers(const std::vector<present_session>& all) {
  std::vector<std::uint64_t> out;
  for (auto& s : all) out.push_back(s.number);
  return out;
}

// What an edge knows of one other node.
struct heard {
  std::set<std::uint64_t> here;

  void take(const presence_news& news) {
    if (news.to_before == presence_news::relation::replaces) here.clear();
    for (auto& s : news.came) here.insert(s.number);
    for (auto n : news.gone) here.erase(n);
  }
};

using numbers_list = std::vector<std::uint64_t>;

}  // namespace

TEST_CASE("presence: a stream tells everyone once, then who came and who went") {
  presence_roster roster;
  std::uint64_t streams = 6;
  presence_stream stream(streams);
  for (std::uint64_t n = 1; n <= 3; ++n) roster.came(session(n));
  auto first = stream.next(roster);
  REQUIRE(first);
  CHECK(first->number == 0);
  CHECK(numbers(first->came) == numbers_list{1, 2, 3});
  CHECK_FALSE(stream.next(roster));  // one is under way
  roster.came(session(4));
  roster.came(session(5));
  for (std::uint64_t gone : {2, 5}) {
    roster.went(gone);
    stream.went(gone);
  }
  stream.acknowledged(7);
  auto second = stream.next(roster);
  REQUIRE(second);
  CHECK(second->number == 1);
  CHECK(numbers(second->came) == numbers_list{4});  // nothing of who came and went unseen
  CHECK(second->gone == numbers_list{2});
  stream.acknowledged(7);
  CHECK_FALSE(stream.next(roster));
}

TEST_CASE("presence: nobody here is told too, so that what was told before is void") {
  presence_roster roster;
  std::uint64_t streams = 0;
  presence_stream stream(streams);
  auto first = stream.next(roster);
  REQUIRE(first);
  CHECK(first->came.empty());
  stream.acknowledged(1);
  CHECK_FALSE(stream.next(roster));
}

TEST_CASE("presence: what may not have arrived is followed by a new stream") {
  presence_roster roster;
  std::uint64_t streams = 0;
  presence_stream stream(streams);
  roster.came(session(1));
  CHECK(stream.next(roster));
  stream.failed(1);
  auto again = stream.next(roster);
  REQUIRE(again);
  CHECK(again->stream == 2);
  CHECK(again->number == 0);
  CHECK(numbers(again->came) == numbers_list{1});
  stream.acknowledged(1);  // late, of the stream before
  CHECK_FALSE(stream.next(roster));
}

TEST_CASE("presence: a message has a bound, and the rest follows") {
  presence_roster roster;
  std::uint64_t streams = 0;
  presence_stream stream(streams);
  presence_ear ear;
  heard there;
  for (std::uint64_t n = 1; n <= 5'000; ++n) roster.came(session(n));
  int messages = 0;
  while (auto m = stream.next(roster)) {
    ++messages;
    CHECK(m->came.size() <= 1'000);
    there.take(ear.take(node_id(1), std::move(*m)).value());
    stream.acknowledged(1);
  }
  CHECK(messages == 5);
  CHECK(there.here.size() == 5'000);
}

TEST_CASE("presence: a roster has a bound") {
  presence_roster roster;
  for (std::uint64_t n = 1; n <= present_sessions_max + 1; ++n) roster.came(session(n));
  CHECK(roster.here().size() == present_sessions_max);
  CHECK_FALSE(roster.went(present_sessions_max + 1));
}

TEST_CASE("presence: under loss of messages and answers a peer ends with what is true") {
  for (unsigned seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    auto chance = [&](unsigned percent) { return random() % 100 < percent; };
    presence_roster roster;
    std::uint64_t streams = 0;
    presence_stream stream(streams);
    presence_ear ear;
    heard there;
    std::uint64_t next = 0;
    auto exchange = [&](unsigned lost_percent) {
      auto m = stream.next(roster);
      if (!m) return false;
      auto number = m->stream;
      if (chance(lost_percent)) {
        stream.failed(number);
        return true;
      }
      auto news = ear.take(node_id(1), std::move(*m));
      if (news) there.take(*news);
      if (!news || chance(lost_percent)) {
        stream.failed(number);
      } else {
        stream.acknowledged(number);
      }
      return true;
    };
    for (int step = 0; step < 400; ++step) {
      if (chance(40)) roster.came(session(++next));
      if (next > 0 && chance(40)) {
        auto gone = 1 + random() % next;
        if (roster.went(gone)) stream.went(gone);
      }
      if (chance(3)) ear = {};  // the peer's edge began anew
      if (chance(50)) exchange(20);
    }
    while (exchange(0)) {}
    std::set<std::uint64_t> truth;
    for (auto& [number, s] : roster.here()) truth.insert(number);
    // An ear that began anew after the last news hears of it with the next.
    roster.came(session(++next));
    truth.insert(next);
    while (exchange(0)) {}
    CHECK(there.here == truth);
  }
}

TEST_CASE("presence: messages come back from frames as they were, and what is damaged is refused") {
  presence_message m{3, 4, {session(1), session(2)}, {7, 9}};
  CHECK(decode_presence_message(encode(m)).value() == m);
  CHECK(decode_presence_step(encode(presence_step::in_step)).value() == presence_step::in_step);
  CHECK(decode_presence_step(encode(presence_step::out_of_step)).value() == presence_step::out_of_step);
  CHECK_FALSE(decode_presence_message(encode(presence_step::in_step)));
  CHECK_FALSE(decode_presence_message(frame::of(frame_kind::presence_news, "not a message")));
}

namespace {

// Nodes with nothing but presence, and what the edge of each is told.
struct presence_nodes {
  struct one {
    std::unique_ptr<presence> who;
    std::mutex mutex;
    std::map<node_id, heard> others;
    std::unique_ptr<subscription> follows;
  };

  caf::actor_system_config config;
  caf::actor_system system{config};
  test::memory_network net;
  std::map<node_id, std::unique_ptr<one>> nodes;

  void start(node_id id) {
    auto n = std::make_unique<one>();
    n->who = spawn_presence(system, net.join(id));
    n->follows = n->who->follow([to = n.get()](const presence_news& news) {
      std::lock_guard lock(to->mutex);
      to->others[news.of].take(news);
    });
    nodes[id] = std::move(n);
    net.start(id);
  }
  void stop(node_id id) {
    net.leave(id);
    nodes.erase(id);
  }
  bool knows(node_id who, node_id of, const std::set<std::uint64_t>& expected) {
    auto& n = *nodes.at(who);
    return testing::until([&] {
      std::lock_guard lock(n.mutex);
      return n.others[of].here == expected;
    });
  }
  ~presence_nodes() {
    while (!nodes.empty()) stop(nodes.begin()->first);
  }
};

}  // namespace

TEST_CASE("presence: every node hears of every other's sessions, also of those before it came") {
  presence_nodes s;
  const node_id a(1), b(2), c(3);
  s.start(a);
  s.nodes[a]->who->came(session(1));
  s.start(b);
  CHECK(s.knows(b, a, {1}));
  s.nodes[a]->who->came(session(2));
  s.nodes[b]->who->came(session(1));
  s.start(c);
  CHECK(s.knows(c, a, {1, 2}));
  CHECK(s.knows(c, b, {1}));
  CHECK(s.knows(a, b, {1}));
  s.nodes[a]->who->went(1);
  CHECK(s.knows(b, a, {2}));
  CHECK(s.knows(c, a, {2}));
}

TEST_CASE("presence: who is at a node that is cut off or dead is gone, and there again when it is") {
  presence_nodes s;
  const node_id a(1), b(2);
  s.start(a);
  s.start(b);
  s.nodes[b]->who->came(session(1));
  CHECK(s.knows(a, b, {1}));
  s.net.cut(a, b);
  CHECK(s.knows(a, b, {}));
  s.nodes[b]->who->came(session(2));
  s.net.heal();
  CHECK(s.knows(a, b, {1, 2}));
  s.stop(b);
  CHECK(s.knows(a, b, {}));
}
