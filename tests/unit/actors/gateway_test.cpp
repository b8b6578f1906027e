// Requests between nodes: to the leader and back, again when it is lost, once.
#include <catch2/catch_test_macros.hpp>

#include "protocol/message.hpp"
#include "protocol/schema/command.capnp.h"
#include "protocol/schema/query.capnp.h"
#include "protocol/schema/reply.capnp.h"
#include "tests/support/scripted_nodes.hpp"

using namespace troupe;

namespace {

constexpr node_id first{1}, second{2}, third{3};
constexpr shard_id shard_zero{0};

std::string create_key() {
  capnp::MallocMessageBuilder message;
  auto c = message.initRoot<schema::Command>();
  c.setOrg("default");
  c.initBody().initCreateApiKey().setName("k");
  return to_bytes(message);
}

std::uint64_t index_of(const result<std::string>& answer) {
  if (!answer) FAIL(answer.error().detail);
  message_reader reader(*answer);
  return reader.root<schema::Reply>().getIndex();
}

std::string position() {
  capnp::MallocMessageBuilder message;
  message.initRoot<schema::Query>().setPosition();
  return to_bytes(message);
}

result<std::string> read(client& c, consistency level) {
  std::promise<result<std::string>> answer;
  c.query(shard_zero, position(), level, [&](result<std::string> r) { answer.set_value(std::move(r)); });
  return answer.get_future().get();
}

}  // namespace

TEST_CASE("gateway: a command to any node is served by the leader's") {
  test::scripted_nodes cluster;
  cluster.lead(third, cluster.all());
  for (auto node : cluster.all()) CHECK(index_of(cluster.command(node, create_key()).get()) > 0);
  CHECK(cluster.state().applied.size() == 3);
  CHECK(read(cluster.at(first), consistency::linearizable));
}

TEST_CASE("gateway: who asks the wrong node is told of the right one and remembers it") {
  test::scripted_nodes cluster;
  cluster.lead(second, cluster.all());
  cluster.lead(third, {second, third});  // the first has not heard
  CHECK(index_of(cluster.command(first, create_key()).get()) == 1);
  CHECK(cluster.directory(first).of(shard_zero).leader == third);
}

TEST_CASE("gateway: a command whose answer is lost with its leader takes effect once") {
  test::scripted_nodes cluster;
  cluster.lead(second, cluster.all());
  cluster.state().lose_answers = 2;
  CHECK(index_of(cluster.command(first, create_key()).get()) == 1);
  CHECK(index_of(cluster.command(second, create_key()).get()) == 2);
  CHECK(cluster.state().applied.size() == 2);
}

TEST_CASE("gateway: a command on its way to a leader that dies is answered by the next one, once") {
  test::scripted_nodes cluster;
  cluster.lead(second, cluster.all());
  cluster.state().swallow_answers = 1;
  auto answer = cluster.command(first, create_key());
  auto seen = [&] {
    std::lock_guard lock(cluster.state().mutex);
    return cluster.state().asked > 0;
  };
  while (!seen()) std::this_thread::yield();
  cluster.net().isolate(second);
  cluster.lead(third, {first, third});
  CHECK(index_of(answer.get()) == 1);
  CHECK(cluster.state().applied.size() == 1);
}

TEST_CASE("gateway: while nobody leads, commands wait for whoever comes to lead") {
  test::scripted_nodes cluster;
  std::vector<std::future<result<std::string>>> waiting;
  for (int i = 0; i < 50; ++i) waiting.push_back(cluster.command(first, create_key()));
  CHECK(cluster.state().applied.empty());
  cluster.lead(second, cluster.all());
  for (auto& one : waiting) CHECK(index_of(one.get()) > 0);
  CHECK(cluster.state().applied.size() == 50);
}

TEST_CASE("gateway: a node in the minority refuses, leader or not") {
  test::scripted_nodes cluster;
  cluster.lead(first, cluster.all());
  REQUIRE(index_of(cluster.command(first, create_key()).get()) == 1);
  cluster.net().isolate(first);
  cluster.net().isolate(third);
  for (auto node : {first, third}) {
    // Some may be taken while those who lost each other may still find each other again.
    auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    auto refused = cluster.command(node, create_key()).get();
    while (refused && std::chrono::steady_clock::now() < deadline)
      refused = cluster.command(node, create_key()).get();
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == errc::unavailable);
    CHECK(refused.error().detail.find("no majority") != std::string::npos);
  }
}
TEST_CASE("gateway: a leader that only another voter reaches is reached through it") {
  test::scripted_nodes cluster;
  cluster.lead(second, cluster.all());
  cluster.net().cut(first, second);
  // It hears from the third that the second still leads.
  CHECK(index_of(cluster.command(first, create_key()).get()) == 1);
  CHECK(cluster.state().applied.size() == 1);
}
