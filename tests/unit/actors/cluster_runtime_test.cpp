// Three nodes with real shards: any of them serves any request, and what is live goes on when the leader goes.
#include <catch2/catch_test_macros.hpp>

#include <condition_variable>
#include <future>
#include <set>

#include "protocol/message.hpp"
#include "protocol/schema/command.capnp.h"
#include "protocol/schema/query.capnp.h"
#include "protocol/schema/reply.capnp.h"
#include "tests/support/shard_cluster.hpp"

using namespace troupe;

namespace {

constexpr shard_id shard_zero{0};

template <class Fill>
std::string command_of(Fill&& fill) {
  capnp::MallocMessageBuilder message;
  auto c = message.initRoot<schema::Command>();
  c.setOrg("default");
  c.setPrincipal("test");
  fill(c.initBody());
  return to_bytes(message);
}

std::string append(std::uint64_t id) {
  return command_of([&](schema::Command::Body::Builder body) {
    auto events = body.initAppendEvents().initEvents(1);
    events[0].initId().setHigh(7);
    events[0].getId().setLow(id);
    events[0].setAgentId("alice");
    events[0].setType(schema::EventType::LLM_CALL);
    events[0].setTimeUs(1'700'000'000'000'000);
  });
}

std::string create_task() {
  return command_of([](auto body) {
    body.initCreateTask().setAgentId("alice");
    body.getCreateTask().setName("work");
  });
}

std::string claim_next() {
  return command_of([](auto body) {
    body.initClaimTask().setAgentId("alice");
    body.getClaimTask().setLeaseMs(60'000);
  });
}

std::string list_tasks() {
  capnp::MallocMessageBuilder message;
  auto query = message.initRoot<schema::Query>();
  query.setOrg("default");
  query.initListTasks().setAgentId("alice");
  return to_bytes(message);
}

std::future<result<std::string>> send(client& to, std::string command) {
  auto answer = std::make_shared<std::promise<result<std::string>>>();
  auto future = answer->get_future();
  to.command(shard_zero, std::move(command),
             [answer](result<std::string> r) { answer->set_value(std::move(r)); });
  return future;
}

result<std::string> ask(client& to, std::string query, consistency level = consistency::linearizable) {
  std::promise<result<std::string>> answer;
  to.query(shard_zero, std::move(query), level,
           [&](result<std::string> r) { answer.set_value(std::move(r)); });
  return answer.get_future().get();
}

std::string taken(const result<std::string>& answer) {
  if (!answer) FAIL(answer.error().detail);
  message_reader reader(*answer);
  auto reply = reader.root<schema::Reply>();
  if (reply.isRefused()) FAIL(reply.getRefused().getDetail().cStr());
  return reply.isTask() ? std::string(reply.getTask().getId().cStr()) : std::string();
}

std::uint64_t other_than(std::uint64_t node) { return node % 3 + 1; }

// What a hub makes of the feed: the numbers heard of, and gaps that it would read.
struct listener {
  std::mutex mutex;
  std::condition_variable changed;
  std::uint64_t at = 0;
  int positions = 0, gaps = 0, repeats = 0;
  std::unique_ptr<subscription> subscribed;

  explicit listener(client& c) {
    subscribed = c.subscribe([this](std::shared_ptr<const std::string> bytes) { take(*bytes); });
  }
  void take(const std::string& bytes) {
    message_reader reader(bytes);
    auto feed = reader.root<schema::Feed>();
    std::lock_guard lock(mutex);
    if (feed.getFacts().size() == 0) {
      ++positions;
      at = std::max(at, feed.getLastSeq());  // read from the shard
    }
    for (auto fact_bytes : feed.getFacts()) {
      message_reader fact_reader(view_of(fact_bytes));
      auto fact = fact_reader.root<schema::Fact>();
      if (!fact.isEventsAppended()) continue;
      auto first = fact.getEventsAppended().getFirstSeq();
      if (first > at + 1) ++gaps;
      if (first <= at) ++repeats;
      at = std::max(at, first + fact.getEventsAppended().getEvents().size() - 1);
    }
    changed.notify_all();
  }
  bool reaches(std::uint64_t seq) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, std::chrono::seconds(20), [&] { return at >= seq; });
  }
};

test::shard_cluster_options with_runtime() {
  test::shard_cluster_options o;
  o.has_runtime = true;
  return o;
}

}  // namespace

TEST_CASE("cluster: any node takes any command, and any node's reads see it") {
  test::shard_cluster cluster(with_runtime());
  for (std::uint64_t node = 1; node <= 3; ++node) taken(send(cluster.at(node), append(node)).get());
  taken(send(cluster.at(1), create_task()).get());
  for (std::uint64_t node = 1; node <= 3; ++node) {
    auto found = ask(cluster.at(node), list_tasks());
    REQUIRE(found);
    message_reader reader(*found);
    CHECK(reader.root<schema::QueryResult>().getTasks().size() == 1);
    CHECK(reader.root<schema::QueryResult>().getLastSeq() == 3);
    CHECK(reader.root<schema::QueryResult>().getStaleMs() == 0);
  }
}

TEST_CASE("cluster: a local read tells how old it may be") {
  test::shard_cluster cluster(with_runtime());
  taken(send(cluster.at(1), append(1)).get());
  auto leader = cluster.leader();
  REQUIRE(leader != 0);
  auto stale_ms = [&](std::uint64_t node) {
    auto found = ask(cluster.at(node), list_tasks(), consistency::local);
    REQUIRE(found);
    message_reader reader(*found);
    return reader.root<schema::QueryResult>().getStaleMs();
  };
  CHECK(stale_ms(leader) == 0);
  auto follower = other_than(leader);
  REQUIRE(cluster.wait([&] { return stale_ms(follower) < 10'000; }));
  cluster.net().isolate(node_id(follower));
  auto before = stale_ms(follower);
  CHECK(cluster.wait([&] { return stale_ms(follower) > before; }));
}

TEST_CASE("cluster: commands through a change of leader take effect once") {
  test::shard_cluster cluster(with_runtime());
  taken(send(cluster.at(1), append(1)).get());
  auto leader = cluster.leader();
  REQUIRE(leader != 0);
  auto from = other_than(leader);
  std::vector<std::future<result<std::string>>> tasks;
  for (int i = 0; i < 20; ++i) tasks.push_back(send(cluster.at(from), create_task()));
  cluster.net().isolate(node_id(leader));
  for (int i = 0; i < 20; ++i) tasks.push_back(send(cluster.at(from), create_task()));
  std::set<std::string> ids;
  for (auto& t : tasks) ids.insert(taken(t.get()));
  CHECK(ids.size() == 40);
  auto found = ask(cluster.at(from), list_tasks());
  REQUIRE(found);
  message_reader reader(*found);
  CHECK(reader.root<schema::QueryResult>().getTasks().size() == 40);
  // The old leader, alone, refuses; back in the cluster it serves again.
  auto refused = send(cluster.at(leader), create_task()).get();
  REQUIRE_FALSE(refused);
  cluster.net().heal();
  taken(send(cluster.at(leader), create_task()).get());
}

TEST_CASE("cluster: claims through a change of leader give each task to one") {
  test::shard_cluster cluster(with_runtime());
  taken(send(cluster.at(1), append(1)).get());
  for (int i = 0; i < 12; ++i) taken(send(cluster.at(1), create_task()).get());
  auto leader = cluster.leader();
  REQUIRE(leader != 0);
  auto from = other_than(leader);
  std::vector<std::future<result<std::string>>> claims;
  for (int i = 0; i < 6; ++i) claims.push_back(send(cluster.at(from), claim_next()));
  cluster.net().isolate(node_id(leader));
  for (int i = 0; i < 6; ++i) claims.push_back(send(cluster.at(from), claim_next()));
  std::set<std::string> ids;
  for (auto& c : claims) ids.insert(taken(c.get()));
  CHECK(ids.size() == 12);
}

TEST_CASE("cluster: the feed reaches every node and goes on through a change of leader") {
  test::shard_cluster cluster(with_runtime());
  taken(send(cluster.at(1), append(1)).get());
  auto leader = cluster.leader();
  REQUIRE(leader != 0);
  auto other = other_than(leader);
  listener here(cluster.at(leader)), there(cluster.at(other));
  for (std::uint64_t i = 2; i <= 20; ++i) taken(send(cluster.at(other), append(i)).get());
  CHECK(here.reaches(20));
  CHECK(there.reaches(20));
  cluster.net().isolate(node_id(leader));
  for (std::uint64_t i = 21; i <= 40; ++i) taken(send(cluster.at(other), append(i)).get());
  CHECK(there.reaches(40));
  cluster.net().heal();
  taken(send(cluster.at(leader), append(41)).get());
  CHECK(here.reaches(41));
  for (auto* l : {&here, &there}) {
    std::lock_guard lock(l->mutex);
    CHECK(l->gaps == 0);
  }
}
