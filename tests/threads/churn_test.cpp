// A node's actors, storage and edge with many clients at once, under ThreadSanitizer: they come, talk, are cut off, lose
// their keys; the node stops in the middle of it. Nothing is timed; every client does its part a number of times.
#include <atomic>
#include <functional>
#include <thread>

#include <catch2/catch_test_macros.hpp>

#include "http/auth/key_ring.hpp"
#include "http/routes/cursor.hpp"
#include "protocol/message.hpp"
#include "tests/support/edge_fixture.hpp"
#include "tests/support/node_stack.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace troupe;
using namespace troupe::testing;
using test::http_client;
using test::ws_client;

namespace {

const test::fields as_json = {{"Content-Type", "application/json"}};

struct churning_node {
  churning_node() : stack(folder.path()), key(make_key()) {
    http::edge_config config;
    config.main = {{"127.0.0.1", 0}};
    config.otlp = {};
    config.io_threads = 2;
    edge = std::make_unique<http::edge>(config, stack.get_client());
    edge->start();
    port = edge->ports().main.at(0);
    if (!until([this] { return edge->is_ready(); })) throw std::runtime_error("the edge is not ready");
  }

  std::string make_key() {
    auto minted = http::mint_key();
    capnp::MallocMessageBuilder message;
    auto c = message.initRoot<schema::Command>();
    c.setOrg("default");
    c.setPrincipal("node");
    auto body = c.initBody().initCreateApiKey();
    body.setId(minted.id);
    body.setName("admin");
    body.setRole(schema::Role::ADMIN);
    body.setSecretHash(capnp::Data::Reader(minted.hash.data(), minted.hash.size()));
    if (!stack.command(system_shard, to_bytes(message))) throw std::runtime_error("no key");
    return minted.text;
  }

  test::temporary_folder folder;
  test::node_stack stack;
  std::string key;
  std::unique_ptr<http::edge> edge;
  std::uint16_t port = 0;
};

// What the clients of a round count; they run until the rounds are done, or the node has gone.
struct tally {
  std::atomic<std::uint64_t> accepted{0}, answered{0}, heard{0};
};

std::string events(const std::string& agent, int count) {
  std::string out = "[";
  for (int i = 0; i < count; ++i)
    out += (i ? "," : "") +
           std::string(R"({"type":"llm.call","model":"m","tokens":{"input":1},"agent_id":")") + agent +
           R"(","team":"t"})";
  return out + "]";
}

ws_client open_socket(std::uint16_t port, const std::string& key) {
  return ws_client(port, "/socket/websocket?vsn=2.0.0",
                   {{"Sec-WebSocket-Protocol", "phoenix, base64url.bearer.phx." + http::base64url(key)}});
}

void publish(const churning_node& node, tally& counts, int rounds) {
  http_client client(node.port, node.key);
  for (int i = 0; i < rounds; ++i) {
    auto agent = "agent-" + std::to_string(i % 5);
    auto a = client.post("/api/v2/events", events(agent, 1 + i % 7), as_json);
    if (a.status != 200) continue;
    counts.accepted += static_cast<std::uint64_t>(json_of(a.body).at("accepted").as_int64());
    if (i % 5 == 4) client.close();
  }
}

void read_and_work(const churning_node& node, tally& counts, int rounds) {
  http_client client(node.port, node.key);
  for (int i = 0; i < rounds; ++i) {
    auto agent = "agent-" + std::to_string(i % 5);
    client.post("/api/v2/agents", R"({"id":")" + agent + R"(","team":"t"})", as_json);
    client.post("/api/v2/agents/" + agent + "/tasks", R"({"name":"work"})", as_json);
    client.post("/api/v2/agents/" + agent + "/tasks/claim", "{}", as_json);
    client.post("/api/v2/agents/" + agent + "/heartbeat", R"({"lease_ms":1000})", as_json);
    for (auto path :
         {"/api/v2/agents", "/api/v2/events?limit=5", "/api/v2/rollups?resolution=minute&by=agent"})
      if (client.get(path).status == 200) ++counts.answered;
  }
}

// Joins, hears, publishes, leaves; every second socket is cut off without a word.
void talk(const churning_node& node, tally& counts, int rounds) {
  for (int i = 0; i < rounds; ++i) {
    auto ws = open_socket(node.port, node.key);
    if (ws.status() != 101) continue;
    int ref = 0;
    auto say = [&](const std::string& topic, const std::string& event, const std::string& payload) {
      auto n = std::to_string(++ref);
      ws.send("[\"" + topic + "\",\"" + n + "\",\"" + topic + "\",\"" + event + "\"," + payload + "]");
    };
    for (auto topic : {"events", "agents", "system", "agent:agent-1", "team:t"}) say(topic, "phx_join", "{}");
    say("phoenix", "heartbeat", "{}");
    say("events", "publish", R"({"events":)" + events("agent-1", 2) + "}");
    for (int heard = 0; heard < 10; ++heard) {
      if (!ws.next()) break;
      ++counts.heard;
    }
    say("events", "phx_leave", "{}");
    if (i % 2 == 0)
      ws.close();
    else
      ws.socket().close();
  }
}

void follow_stream(const churning_node& node, tally& counts, int rounds) {
  for (int i = 0; i < rounds; ++i) {
    http_client client(node.port, node.key);
    client.write("GET /api/livebook/stream/telemetry HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer " +
                 node.key + "\r\n\r\n");
    if (!client.read_until("retry: ").empty()) ++counts.heard;
  }
}

// Makes a key, opens a socket with it, and takes the key away while the socket is in use.
void revoke(const churning_node& node, tally& counts, int rounds) {
  http_client client(node.port, node.key);
  for (int i = 0; i < rounds; ++i) {
    auto a = client.post("/api/v2/keys", R"({"name":"short","role":"read"})", as_json);
    if (a.status != 201) continue;
    auto made = json_of(a.body);
    auto ws = open_socket(node.port, std::string(made.at("key").as_string()));
    if (ws.status() == 101) ws.send(R"(["1","1","events","phx_join",{}])");
    client.send("DELETE", "/api/v2/keys/" + std::string(made.at("id").as_string()));
    while (ws.status() == 101 && ws.next()) ++counts.heard;
  }
}

using part = void (*)(const churning_node&, tally&, int);

// Each part on a thread of its own. A node that goes away ends a part early: its connection breaks.
std::vector<std::thread> start(const churning_node& node, tally& counts, int rounds) {
  std::vector<std::thread> out;
  for (part p :
       std::initializer_list<part>{publish, publish, read_and_work, talk, talk, follow_stream, revoke})
    out.emplace_back([&node, &counts, rounds, p] {
      try {
        p(node, counts, rounds);
      } catch (const std::exception&) {
        // The node has gone.
      }
    });
  return out;
}

std::uint64_t stored_events(churning_node& node) {
  std::uint64_t all = 0;
  capnp::MallocMessageBuilder message;
  message.initRoot<schema::Query>().setPosition();
  for (std::uint16_t s = 1; s < node.stack.get_client().shard_count(); ++s) {
    auto answer = node.stack.query(shard_id(s), to_bytes(message));
    REQUIRE(answer);
    message_reader reader(*answer);
    all += reader.root<schema::QueryResult>().getLastSeq();
  }
  return all;
}

}  // namespace

TEST_CASE("churn: clients come, talk, are cut off and lose their keys, and no thread steps on another") {
  churning_node node;
  tally counts;
  for (auto& t : start(node, counts, 40)) t.join();
  CHECK(counts.answered == 120);
  CHECK(counts.heard > 0);
  CHECK(counts.accepted > 0);
  CHECK(stored_events(node) >= counts.accepted);
  CHECK(
      until([&] { return node.edge->stats().websockets_open == 0 && node.edge->stats().streams_open == 0; }));
  node.edge->stop(std::chrono::milliseconds(100));
}

TEST_CASE("churn: a node stops among its clients, and what it acknowledged is there when it starts again") {
  churning_node node;
  tally counts;
  auto clients = start(node, counts, 1'000'000);
  REQUIRE(until([&] { return counts.accepted > 50 && counts.heard > 20 && counts.answered > 3; }));
  node.edge->stop(std::chrono::milliseconds(50));
  for (auto& t : clients) t.join();
  CHECK(stored_events(node) >= counts.accepted);
}
