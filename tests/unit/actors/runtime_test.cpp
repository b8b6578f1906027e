#include "actors/runtime/runtime.hpp"

#include <catch2/catch_test_macros.hpp>

#include <condition_variable>

#include "protocol/message.hpp"
#include "tests/support/node_stack.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace troupe;

namespace {

constexpr shard_id shard_one{1};

template <class Fill>
std::string command_of(Fill&& fill) {
  capnp::MallocMessageBuilder message;
  auto c = message.initRoot<schema::Command>();
  c.setOrg("default");
  c.setPrincipal("test");
  fill(c);
  return to_bytes(message);
}

std::string append(std::uint64_t first_id, unsigned n, std::string_view agent = "alice") {
  return command_of([&](schema::Command::Builder c) {
    auto events = c.initBody().initAppendEvents().initEvents(n);
    for (unsigned i = 0; i < n; ++i) {
      events[i].initId().setLow(first_id + i);
      events[i].getId().setHigh(7);
      events[i].setAgentId(std::string(agent));
      events[i].setType(schema::EventType::LLM_CALL);
      events[i].setTimeUs(1'700'000'000'000'000);
    }
  });
}

std::string position_query() {
  capnp::MallocMessageBuilder message;
  message.initRoot<schema::Query>().setPosition();
  return to_bytes(message);
}

std::uint64_t last_seq(test::node_stack& node) {
  auto answer = node.query(shard_one, position_query());
  REQUIRE(answer);
  message_reader reader(*answer);
  return reader.root<schema::QueryResult>().getLastSeq();
}

std::string task_command(std::string_view id) {
  return command_of([&](schema::Command::Builder c) {
    auto task = c.initBody().initCreateTask();
    task.setAgentId("alice");
    task.setId(std::string(id));
    task.setName("work");
  });
}

std::string claim_next(std::int64_t lease_ms) {
  return command_of([&](schema::Command::Builder c) {
    auto claim = c.initBody().initClaimTask();
    claim.setAgentId("alice");
    claim.setLeaseMs(lease_ms);
    claim.setWorker("w");
  });
}

// Collects the feed and waits for conditions on it.
struct follower {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::shared_ptr<const std::string>> feeds;
  std::unique_ptr<subscription> subscribed;

  explicit follower(client& c) {
    subscribed = c.subscribe([this](std::shared_ptr<const std::string> feed) {
      std::lock_guard lock(mutex);
      feeds.push_back(std::move(feed));
      changed.notify_all();
    });
  }
  template <class Condition>
  bool wait(Condition&& holds) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, std::chrono::seconds(20), [&] {
      for (auto& bytes : feeds) {
        message_reader reader(*bytes);
        if (holds(reader.root<schema::Feed>())) return true;
      }
      return false;
    });
  }
};

std::uint64_t first_index(test::node_stack& node) {
  capnp::MallocMessageBuilder message;
  message.initRoot<schema::Query>().setStatus();
  auto status = node.query(shard_one, to_bytes(message));
  REQUIRE(status);
  message_reader reader(*status);
  auto s = reader.root<schema::QueryResult>().getStatus();
  CHECK(s.getRole() == "leader");
  return s.getFirstIndex();
}

}  // namespace

TEST_CASE("runtime: events are appended once and are there after a restart") {
  test::temporary_folder folder;
  {
    test::node_stack node(folder.path());
    auto reply = node.command(shard_one, append(1, 10));
    REQUIRE(reply);
    message_reader reader(*reply);
    auto appended = reader.root<schema::Reply>();
    REQUIRE(appended.isEventsAppended());
    CHECK(appended.getEventsAppended().getAccepted() == 10);
    CHECK(appended.getIndex() > 1);

    auto again = node.command(shard_one, append(6, 10));
    REQUIRE(again);
    message_reader second(*again);
    CHECK(second.root<schema::Reply>().getEventsAppended().getAccepted() == 5);
    CHECK(second.root<schema::Reply>().getEventsAppended().getDuplicates() == 5);
    CHECK(last_seq(node) == 15);
  }
  test::node_stack node(folder.path());
  CHECK(last_seq(node) == 15);
  auto more = node.command(shard_one, append(100, 1));
  REQUIRE(more);
  CHECK(last_seq(node) == 16);
}

TEST_CASE("runtime: the log is compacted and the state stays") {
  test::temporary_folder folder;
  constexpr unsigned batches = 300;
  {
    test::node_stack node(folder.path(), 2, 64);
    for (unsigned i = 0; i < batches; ++i) REQUIRE(node.command(shard_one, append(1 + i * 2, 2)));
    CHECK(last_seq(node) == batches * 2);
    CHECK(first_index(node) < 100);  // the state is not on disk for certain
    REQUIRE(node.store().flush());
    for (unsigned i = 0; i < 64; ++i) REQUIRE(node.command(shard_one, append(10'000 + i, 1)));
  }
  test::node_stack node(folder.path(), 2, 64);
  CHECK(last_seq(node) == batches * 2 + 64);
  CHECK(first_index(node) > 100);
}

TEST_CASE("runtime: a request sent again with its idempotency key is answered as before") {
  test::temporary_folder folder;
  test::node_stack node(folder.path());
  auto keyed = [](std::uint64_t id, std::uint64_t fingerprint) {
    auto bytes = append(id, 1);
    message_reader reader(bytes);
    capnp::MallocMessageBuilder message;
    message.setRoot(reader.root<schema::Command>());
    message.getRoot<schema::Command>().setIdempotencyKey("k1");
    message.getRoot<schema::Command>().setFingerprint(fingerprint);
    return to_bytes(message);
  };
  auto first = node.command(shard_one, keyed(1, 11));
  auto second = node.command(shard_one, keyed(1, 11));
  REQUIRE(first);
  REQUIRE(second);
  CHECK(*first == *second);
  auto other = node.command(shard_one, keyed(2, 22));
  REQUIRE(other);
  message_reader reader(*other);
  REQUIRE(reader.root<schema::Reply>().isRefused());
  CHECK(reader.root<schema::Reply>().getRefused().getCode() ==
        static_cast<std::uint16_t>(errc::idempotency_mismatch));
  CHECK(last_seq(node) == 1);
}

TEST_CASE("runtime: subscribers get the position first, then every fact in order") {
  test::temporary_folder folder;
  test::node_stack node(folder.path());
  REQUIRE(node.command(shard_one, append(1, 3)));
  follower f(node.get_client());
  REQUIRE(f.wait([](schema::Feed::Reader feed) {
    return feed.getShard() == 1 && feed.getFacts().size() == 0 && feed.getLastSeq() == 3;
  }));
  REQUIRE(node.command(shard_one, append(10, 2)));
  REQUIRE(f.wait(
      [](schema::Feed::Reader feed) { return feed.getLastSeq() == 5 && feed.getFacts().size() == 2; }));
}

TEST_CASE("runtime: a claim that names no task gets the next one; its lease ends by a durable timer") {
  test::temporary_folder folder;
  {
    test::node_stack node(folder.path());
    REQUIRE(node.command(shard_one, append(1, 1)));  // an agent is known from its first event
    auto made = node.command(shard_one, task_command("t1"));
    REQUIRE(made);
    message_reader made_reader(*made);
    auto made_reply = made_reader.root<schema::Reply>();
    if (made_reply.isRefused()) FAIL(made_reply.getRefused().getDetail().cStr());
    REQUIRE(made_reply.isTask());
    auto claimed = node.command(shard_one, claim_next(1000));
    REQUIRE(claimed);
    message_reader reader(*claimed);
    auto reply = reader.root<schema::Reply>();
    if (reply.isRefused()) FAIL(reply.getRefused().getDetail().cStr());
    REQUIRE(reply.isTask());
    CHECK(reply.getTask().getId() == "t1");
    CHECK(reply.getTask().getClaimToken().size() > 0);
    auto none = node.command(shard_one, claim_next(1000));
    REQUIRE(none);
    message_reader second(*none);
    REQUIRE(second.root<schema::Reply>().isRefused());
    CHECK(second.root<schema::Reply>().getRefused().getCode() == static_cast<std::uint16_t>(errc::not_found));
  }
  // The node is down when the lease ends, or shortly before: the timer is found again.
  test::node_stack node(folder.path());
  follower f(node.get_client());
  auto pending_again = [&] {
    capnp::MallocMessageBuilder message;
    auto q = message.initRoot<schema::Query>();
    q.setOrg("default");
    q.setNextPendingTask("alice");
    auto answer = node.query(shard_one, to_bytes(message));
    REQUIRE(answer);
    message_reader reader(*answer);
    auto found = reader.root<schema::QueryResult>();
    return found.isTasks() && found.getTasks().size() == 1;
  };
  CHECK((pending_again() || f.wait([](schema::Feed::Reader feed) {
    for (auto bytes : feed.getFacts()) {
      message_reader reader(view_of(bytes));
      auto fact = reader.root<schema::Fact>();
      if (fact.isTaskChanged() && fact.getTaskChanged().getStatus() == schema::TaskStatus::PENDING)
        return true;
    }
    return false;
  })));
}
