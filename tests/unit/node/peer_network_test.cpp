// Nodes of one process that speak over real mutual TLS on loopback: what arrives, in which order, who is let in, and what
// happens when somebody goes or does not keep up.
#include "node/cluster/peer_network.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "tests/support/edge_fixture.hpp"
#include "tests/unit/node/peer_cluster.hpp"

using namespace troupe;
using namespace troupe::node;
using namespace std::chrono_literals;
using troupe::test::peer_cluster;
using troupe::testing::until;

namespace {

frame numbered(int n, std::size_t bytes = 8) {
  auto text = std::to_string(n);
  return frame::of(frame_kind::raft, text + std::string(bytes > text.size() ? bytes - text.size() : 0, '.'));
}

int number_in(const frame& f) { return std::stoi(std::string(*f.open(frame_kind::raft))); }

frame question(std::string_view text) { return frame::of(frame_kind::shard_question, text); }
frame reply(std::string_view text) { return frame::of(frame_kind::shard_answer, text); }

// What a node got, in order.
struct inbox {
  std::mutex mutex;
  std::vector<int> got;

  void attach(network& n, frame_kind kind = frame_kind::raft) {
    n.on_post(kind, [this](node_id, const frame& f) {
      std::lock_guard lock(mutex);
      got.push_back(number_in(f));
    });
  }
  std::size_t count() {
    std::lock_guard lock(mutex);
    return got.size();
  }
};

// One question's settled, waited for.
struct settled {
  std::mutex mutex;
  std::condition_variable changed;
  std::optional<result<frame>> said;
  int times = 0;

  network::answer take() {
    return [this](result<frame> r) {
      std::lock_guard lock(mutex);
      said = std::move(r);
      ++times;
      changed.notify_all();
    };
  }
  result<frame> wait() {
    std::unique_lock lock(mutex);
    if (!changed.wait_for(lock, 20s, [&] { return said.has_value(); }))
      return failure{errc::internal, "the question was not settled"};
    return *said;
  }
};

}  // namespace

TEST_CASE("peer network: posts of a kind arrive in order, whoever dialled") {
  inbox at_1, at_2;
  peer_cluster c;
  at_1.attach(c.add(1));
  at_2.attach(c.add(2));
  c.start();
  REQUIRE(c.all_connected());
  for (int i = 0; i < 2000; ++i) {
    c[1].post(node_id{2}, traffic::consensus, numbered(i));
    c[2].post(node_id{1}, traffic::consensus, numbered(i, 3000));
  }
  REQUIRE(until([&] { return at_1.count() == 2000 && at_2.count() == 2000; }));
  CHECK(std::is_sorted(at_1.got.begin(), at_1.got.end()));
  CHECK(std::is_sorted(at_2.got.begin(), at_2.got.end()));
  auto s = c.net(1).status().at(0);
  CHECK(s.connected);
  CHECK(s.counters.packets_sent < 2000);
  CHECK(s.counters.frames_sent == 2000);
}

TEST_CASE("peer network: three nodes connect in pairs, and each is told of the others") {
  std::mutex mutex;
  std::map<std::uint64_t, std::set<std::uint64_t>> seen;
  peer_cluster c;
  for (std::uint64_t id : {1, 2, 3})
    c.add(id).on_peer([&, id](node_id peer, peer_event what) {
      std::lock_guard lock(mutex);
      if (what == peer_event::connected)
        seen[id].insert(peer.value);
      else
        seen[id].erase(peer.value);
    });
  c.start();
  REQUIRE(c.all_connected());
  {
    std::lock_guard lock(mutex);
    CHECK(seen[1] == std::set<std::uint64_t>{2, 3});
    CHECK(seen[3] == std::set<std::uint64_t>{1, 2});
  }
  c.stop(2);
  REQUIRE(until([&] {
    std::lock_guard lock(mutex);
    return seen[1] == std::set<std::uint64_t>{3} && seen[3] == std::set<std::uint64_t>{1};
  }));
}

TEST_CASE("peer network: a question is answered once, late answers and none are failures") {
  std::vector<network::reply_to> kept;
  std::mutex mutex;
  settled o, next, gone, unknown, self;
  peer_cluster c;
  c.add(1);
  c.add(2).on_ask(frame_kind::shard_question, [&](node_id from, const frame& q, network::reply_to answer) {
    auto text = std::string(*q.open(frame_kind::shard_question));
    if (text == "keep") {
      std::lock_guard lock(mutex);
      kept.push_back(std::move(answer));
    } else if (text != "forget") {
      answer(reply(text + " " + std::to_string(from.value)));
      answer(reply("again"));
    }
  });
  c.start();
  REQUIRE(c.all_connected());
  auto ask = [&](std::string_view text, std::chrono::milliseconds deadline, settled& to) {
    c[1].ask(node_id{2}, traffic::command, question(text), deadline, to.take());
    return to.wait();
  };
  SECTION("the answer comes back to who asked") {
    auto r = ask("hello", 10s, o);
    REQUIRE(r);
    CHECK(*r->open(frame_kind::shard_answer) == "hello 1");
    REQUIRE(ask("more", 10s, next));
    CHECK(o.times == 1);
  }
  SECTION("an answer that does not come in time is given up") {
    auto r = ask("keep", 30ms, o);
    REQUIRE(!r);
    CHECK(r.error().code == errc::timed_out);
    {
      std::lock_guard lock(mutex);
      kept.at(0)(reply("too late"));
    }
    REQUIRE(ask("more", 10s, next));
    CHECK(o.times == 1);
  }
  SECTION("a question that is let go fails at once") {
    auto r = ask("forget", 60s, o);
    REQUIRE(!r);
    CHECK(r.error().code == errc::unavailable);
  }
  SECTION("a kind of question that nobody takes is refused") {
    c[1].ask(node_id{2}, traffic::bulk, frame::of(frame_kind::state_question, "x"), 60s, o.take());
    auto r = o.wait();
    REQUIRE(!r);
    CHECK(r.error().code == errc::unavailable);
  }
  SECTION("open questions fail when the peer goes, and new ones at once") {
    c[1].ask(node_id{2}, traffic::command, question("keep"), 60s, o.take());
    REQUIRE(until([&] {
      std::lock_guard lock(mutex);
      return kept.size() == 1;
    }));
    c.stop(2);
    auto r = o.wait();
    REQUIRE(!r);
    CHECK(r.error().code == errc::unavailable);
    c[1].ask(node_id{2}, traffic::command, question("x"), 60s, gone.take());
    CHECK(gone.wait().error().code == errc::unavailable);
  }
  SECTION("one to an unknown node or to itself is settled too") {
    c[1].ask(node_id{77}, traffic::command, question("x"), 60s, unknown.take());
    CHECK(unknown.wait().error().code == errc::unavailable);
    c[2].ask(node_id{2}, traffic::command, question("me"), 60s, self.take());
    auto r = self.wait();
    REQUIRE(r);
    CHECK(*r->open(frame_kind::shard_answer) == "me 2");
  }
}

TEST_CASE("peer network: a node that comes back is found again, by whichever side") {
  std::uint64_t again = GENERATE(1, 2);
  inbox got;
  peer_cluster c;
  c.add(1);
  c.add(2);
  c.start();
  REQUIRE(c.all_connected());
  std::uint64_t other = 3 - again;
  auto before = c.net(other).status().at(0).incarnation;
  c.stop(again);
  REQUIRE(until([&] { return !c[other].is_connected(node_id{again}); }));
  got.attach(c.add(again));
  c.start(again);
  REQUIRE(c.all_connected());
  CHECK(c.net(other).status().at(0).incarnation != before);
  c[other].post(node_id{again}, traffic::consensus, numbered(7));
  REQUIRE(until([&] { return got.count() == 1; }));
}

TEST_CASE("peer network: a flood is bounded, refused in words, and does not hold up consensus") {
  std::mutex gate;
  std::vector<network::reply_to> kept;
  inbox votes;
  const std::string big(100'000, 'x');
  constexpr int asked = 200;
  std::vector<settled> outcomes(asked);
  settled after;
  peer_cluster c;
  c.add(1);
  auto& two = c.add(2);
  votes.attach(two);
  two.on_ask(frame_kind::shard_question, [&](node_id, const frame&, network::reply_to answer) {
    std::lock_guard lock(gate);
    kept.push_back(std::move(answer));
  });
  c.start();
  REQUIRE(c.all_connected());
  // Nobody answers: what is not refused stays within the window.
  for (auto& o : outcomes) c[1].ask(node_id{2}, traffic::command, question(big), 60s, o.take());
  auto refused = [&] {
    int n = 0;
    for (auto& o : outcomes) {
      std::lock_guard lock(o.mutex);
      if (o.said && !*o.said && o.said->error().code == errc::unavailable) ++n;
    }
    return n;
  };
  constexpr int room = 8 * 1024 * 1024 / 100'000;
  REQUIRE(until([&] { return refused() >= asked - room - 1; }));
  CHECK(refused() <= asked - room + 2);
  for (int i = 0; i < 100; ++i) c[1].post(node_id{2}, traffic::consensus, numbered(i));
  REQUIRE(until([&] { return votes.count() == 100; }));
  // Bulk waits, up to its bound, beside the commands within theirs.
  for (int i = 0; i < 200; ++i)
    c[1].ask(node_id{2}, traffic::bulk, frame::of(frame_kind::shard_question, big), 60s, [](auto) {});
  CHECK(c.net(1).status().at(0).waiting_bytes <= (8 + 4) * 1024 * 1024);
  // Once answers come there is room again.
  auto answer_all = [&] {
    std::vector<network::reply_to> now;
    {
      std::lock_guard lock(gate);
      now.swap(kept);
    }
    for (auto& a : now) a(reply("ok"));
  };
  REQUIRE(until([&] {
    answer_all();
    return c.net(1).status().at(0).waiting_bytes == 0;
  }));
  c[1].ask(node_id{2}, traffic::command, question("small"), 60s, after.take());
  REQUIRE(until([&] {
    answer_all();
    std::lock_guard lock(after.mutex);
    return after.said.has_value();
  }));
  CHECK(after.wait());
}
