// The admin actor over real mutual TLS on loopback: who gets in, what is answered, how a tail ends.
#include "node/admin.hpp"

#include <atomic>
#include <caf/openssl/manager.hpp>
#include <caf/send.hpp>
#include <catch2/catch_test_macros.hpp>
#include <condition_variable>
#include <future>
#include <mutex>
#include <set>
#include <thread>

#include "node/actor_system.hpp"
#include "node/ctl/connection.hpp"
#include "node/pki.hpp"
#include "protocol/message.hpp"
#include "protocol/schema/command.capnp.h"
#include "tests/support/tcp_client.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace troupe;
using namespace troupe::node;

namespace {

// A client whose shards answer from memory and which lets the test feed its subscribers.
class fake_client final : public client {
 public:
  void command(shard_id shard, std::string command, answer done) override {
    capnp::MallocMessageBuilder message;
    auto reply = message.initRoot<schema::Reply>();
    message_reader reader(command);
    auto body = reader.root<schema::Command>().getBody();
    if (shard != system_shard) {
      reply.initRefused().setCode(static_cast<std::uint16_t>(errc::internal));
    } else if (body.isCreateApiKey()) {
      auto key = reply.initApiKey();
      key.setId(body.getCreateApiKey().getId());
      key.setName(body.getCreateApiKey().getName());
      key.setSecretHash(body.getCreateApiKey().getSecretHash());
    } else {
      reply.setDone();
    }
    done(to_bytes(message));
  }
  void query(shard_id shard, std::string query, consistency, answer done) override {
    capnp::MallocMessageBuilder message;
    auto out = message.initRoot<schema::QueryResult>();
    out.setShard(shard.value);
    message_reader reader(query);
    auto root = reader.root<schema::Query>();
    if (root.isStatus()) out.initStatus().setShard(shard.value);
    if (root.isListApiKeys()) {
      auto key = out.initApiKeys(1)[0];
      key.setId("k1");
      key.setOrg("default");
    }
    done(to_bytes(message));
  }
  void query_each(std::vector<shard_id> shards, std::string q, consistency level, answers done) override {
    if (is_mute_) return asked_.set_value();
    std::vector<std::string> all;
    for (auto s : shards) query(s, q, level, [&](result<std::string> r) { all.push_back(*r); });
    done(std::move(all));
  }
  std::unique_ptr<subscription> subscribe(feed_sink sink) override {
    struct unsubscribe final : subscription {
      fake_client* of;
      std::uint64_t id;
      ~unsubscribe() override {
        std::lock_guard lock(of->mutex_);
        of->sinks_.erase(id);
        of->changed_.notify_all();
      }
    };
    std::lock_guard lock(mutex_);
    auto s = std::make_unique<unsubscribe>();
    s->of = this;
    s->id = ++last_;
    sinks_.emplace(s->id, std::move(sink));
    changed_.notify_all();
    return s;
  }
  std::uint16_t shard_count() const override { return 4; }
  epoch history() const override { return epoch{1}; }

  // Before the only question that will have no answer.
  std::future<void> fall_mute() {
    is_mute_ = true;
    return asked_.get_future();
  }
  bool wait_for_subscribers(std::size_t n) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), [&] { return sinks_.size() == n; });
  }
  void feed(std::string bytes) {
    auto shared = std::make_shared<const std::string>(std::move(bytes));
    std::lock_guard lock(mutex_);
    for (auto& [id, sink] : sinks_) sink(shared);
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::uint64_t, feed_sink> sinks_;
  std::uint64_t last_ = 0;
  std::atomic<bool> is_mute_ = false;
  std::promise<void> asked_;
};

struct running_node {
  test::temporary_folder folder;
  fake_client actors;
  pki_files pki = *ensure_pki(folder.path() / "pki", {.node = node_id{7}, .cluster = "t"}, ::time(nullptr));
  actor_config config{2, {pki.authority, pki.node, pki.node_key}};
  caf::actor_system system{config};
  caf::actor admin;
  listen_address address;

  running_node() {
    admin_sources sources;
    sources.actors = &actors;
    sources.status = [](schema::NodeStatus::Builder s) { s.setVersion("test"); };
    admin = spawn_admin(system, std::move(sources));
    address = *publish_admin(admin, {"127.0.0.1", 0});
  }
  ~running_node() { caf::anon_send_exit(admin, caf::exit_reason::user_shutdown); }

  result<std::unique_ptr<ctl::connection>> connect(const pki_files& with) {
    return ctl::connection::open(address, {with.authority, with.client, with.client_key},
                                 std::chrono::seconds(5));
  }
};

std::string request(const std::function<void(schema::AdminRequest::Builder)>& fill) {
  capnp::MallocMessageBuilder message;
  fill(message.initRoot<schema::AdminRequest>());
  return to_bytes(message);
}

const auto status = request([](auto r) { r.setStatus(); });

std::string event_feed(const std::string& agent) {
  capnp::MallocMessageBuilder fact;
  auto f = fact.initRoot<schema::Fact>();
  f.initEventsAppended().initEvents(1)[0].setAgentId(agent);
  auto bytes = to_bytes(fact);
  capnp::MallocMessageBuilder message;
  message.initRoot<schema::Feed>().initFacts(1).set(0, data_of(bytes));
  return to_bytes(message);
}

}  // namespace

TEST_CASE("admin: troupectl with the node's certificates gets the status") {
  running_node n;
  auto c = n.connect(n.pki);
  REQUIRE(c);
  auto reply = (*c)->ask(status);
  REQUIRE(reply);
  message_reader reader(*reply);
  CHECK(view_of(reader.root<schema::AdminReply>().getStatus().getVersion()) == "test");
}

TEST_CASE("admin: a client of another CA is refused, and so is one without a certificate") {
  running_node n;
  test::temporary_folder elsewhere;
  auto other = *ensure_pki(elsewhere.path(), {.node = node_id{8}, .cluster = "o"}, ::time(nullptr));
  SECTION("another CA on the client's side") {
    auto c = n.connect(other);
    REQUIRE(!c);
    CHECK(c.error().code == errc::unavailable);
  }
  SECTION("a client that trusts the node's CA but has a certificate of another") {
    auto mixed = other;
    mixed.authority = n.pki.authority;
    auto c = n.connect(mixed);
    REQUIRE(!c);
  }
  SECTION("no certificate at all, by the openssl program") {
    auto command = "openssl s_client -connect " + n.address.text() + " -CAfile " + n.pki.authority.string() +
                   " </dev/null 2>&1";
    std::string out;
    FILE* pipe = ::popen(command.c_str(), "r");
    char line[512];
    while (std::fgets(line, sizeof line, pipe)) out += line;
    ::pclose(pipe);
    // TLS 1.3 tells it only after the client's first flight: the connection is cut, and no BASP byte was sent.
    CHECK(out.find("Verification: OK") != std::string::npos);
    CHECK(out.find("BASP") == std::string::npos);
  }
  auto good = n.connect(n.pki);
  REQUIRE(good);
  CHECK((*good)->ask(status));
}

TEST_CASE("admin: bad TLS clients do not drop a good one") {
  running_node n;
  auto good = n.connect(n.pki);
  REQUIRE(good);
  for (int round = 0; round < 20; ++round) {
    test::tcp_client bad(n.address.port);
    bad.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    bad.receive();
    REQUIRE((*good)->ask(status));
  }
}

TEST_CASE("admin: an address where nothing listens is unreachable, and missing certificates are named") {
  running_node n;
  auto where = n.address;
  where.port = 1;
  auto nobody = ctl::connection::open(where, {n.pki.authority, n.pki.client, n.pki.client_key},
                                      std::chrono::seconds(2));
  REQUIRE(!nobody);
  CHECK(nobody.error().code == errc::unavailable);
  auto missing = ctl::connection::open(n.address, {"/nowhere/ca.pem", "", ""}, std::chrono::seconds(2));
  REQUIRE(!missing);
  CHECK(missing.error().detail.find("/nowhere/ca.pem") != std::string::npos);
}

TEST_CASE("admin: whoever asks learns at once that the connection is lost") {
  running_node n;
  auto c = std::move(*n.connect(n.pki));
  auto asked = n.actors.fall_mute();
  auto asking = std::async(std::launch::async,
                           [&] { return c->ask(request([](auto r) { r.initQuery().initListAgents(); })); });
  REQUIRE(asked.wait_for(std::chrono::seconds(20)) == std::future_status::ready);
  caf::anon_send_exit(n.admin, caf::exit_reason::kill);
  for (auto& said : {asking.get(), c->ask(status)}) {
    REQUIRE(!said);
    CHECK(said.error().code == errc::unavailable);
    CHECK(said.error().detail.find("was lost") != std::string::npos);
  }
}

TEST_CASE("admin: shards and queries are asked of the shards they concern") {
  running_node n;
  auto c = std::move(*n.connect(n.pki));
  auto shards_of = [&](const std::string& ask) {
    auto reply = c->ask(ask).value();
    message_reader reader(reply);
    std::vector<int> out;
    auto root = reader.root<schema::AdminReply>();
    if (root.isShards())
      for (auto s : root.getShards()) out.push_back(s.getShard());
    else
      for (auto r : root.getResults()) out.push_back(r.getShard());
    return out;
  };
  CHECK(shards_of(request([](auto r) { r.setShards(); })) == std::vector{0, 1, 2, 3});
  CHECK(shards_of(request([](auto r) { r.initQuery().initListAgents(); })) == std::vector{1, 2, 3});
  CHECK(shards_of(request([](auto r) { r.initQuery().setListApiKeys(); })) == std::vector{0});
  int of_agent = n.actors.shard_of_agent("default", "a").value;
  CHECK(shards_of(request([](auto r) {
          auto q = r.initQuery();
          q.setOrg("default");
          q.setGetAgent("a");
        })) == std::vector{of_agent});
}

TEST_CASE("admin: a key is created with a secret that is shown once, and revoked by its id") {
  running_node n;
  auto c = std::move(*n.connect(n.pki));
  auto reply = c->ask(request([](auto r) { r.initCreateKey().setName("ci"); })).value();
  message_reader reader(reply);
  auto created = reader.root<schema::AdminReply>().getKeyCreated();
  CHECK(view_of(created.getSecret()).size() >= 32);
  CHECK(created.getKey().getSecretHash().size() == 0);
  CHECK(c->ask(request([](auto r) { r.setRevokeKey("k1"); })));
  auto unknown = c->ask(request([](auto r) { r.setRevokeKey("k2"); }));
  REQUIRE(!unknown);
  CHECK(unknown.error().code == errc::not_found);
}

TEST_CASE("admin: a tail sends what concerns the agent and ends with its reader") {
  running_node n;
  auto c = std::move(*n.connect(n.pki));
  std::vector<std::string> agents;
  auto reading = std::async(std::launch::async, [&] {
    return c->tail("a", [&](std::string_view feed) {
      message_reader reader(feed);
      message_reader fact(view_of(reader.root<schema::Feed>().getFacts()[0]));
      agents.emplace_back(view_of(fact.root<schema::Fact>().getEventsAppended().getEvents()[0].getAgentId()));
      return agents.size() < 3;
    });
  });
  REQUIRE(n.actors.wait_for_subscribers(1));
  for (auto agent : {"b", "a", "b", "a", "a"}) n.actors.feed(event_feed(agent));
  CHECK(reading.get());
  CHECK(agents == std::vector<std::string>{"a", "a", "a"});
  c.reset();
  CHECK(n.actors.wait_for_subscribers(0));
}

TEST_CASE("admin: a reader that does not answer is dropped at the bound") {
  running_node n;
  auto c = std::move(*n.connect(n.pki));
  std::promise<void> go_on;
  auto reading = std::async(std::launch::async, [&] {
    return c->tail("", [&, waited = false](std::string_view) mutable {
      if (!waited) go_on.get_future().wait();
      waited = true;
      return true;
    });
  });
  REQUIRE(n.actors.wait_for_subscribers(1));
  for (std::size_t i = 0; i < tail_frames_ahead_max + 10; ++i) n.actors.feed(event_feed("a"));
  CHECK(n.actors.wait_for_subscribers(0));
  go_on.set_value();
  auto end = reading.get();
  REQUIRE(!end);
  CHECK(end.error().code == errc::overloaded);
}

TEST_CASE("admin: a node has so many tails at once, and one more when one has ended") {
  constexpr std::size_t tails_max = 64;
  running_node n;
  std::vector<std::unique_ptr<ctl::connection>> readers;
  std::vector<std::future<result<bool>>> reading;
  for (std::size_t i = 0; i < tails_max; ++i) {
    readers.push_back(std::move(*n.connect(n.pki)));
    reading.push_back(std::async(std::launch::async, [c = readers.back().get()] {
      return c->tail("", [](std::string_view) { return false; });
    }));
  }
  REQUIRE(n.actors.wait_for_subscribers(tails_max));
  auto another = std::move(*n.connect(n.pki));
  auto refused = another->tail("", [](std::string_view) { return false; });
  REQUIRE(!refused);
  CHECK(refused.error().code == errc::overloaded);
  n.actors.feed(event_feed("a"));
  for (auto& r : reading) CHECK(r.get());
  readers.clear();
  REQUIRE(n.actors.wait_for_subscribers(0));
  auto again = std::async(std::launch::async,
                          [&] { return another->tail("", [](std::string_view) { return false; }); });
  REQUIRE(n.actors.wait_for_subscribers(1));
  n.actors.feed(event_feed("a"));
  CHECK(again.get());
}
