// Channels under clients that mean harm, or many that mean none: bounds hold, and others notice nothing.
#include <sys/socket.h>

#include <boost/json/serialize.hpp>
#include <catch2/catch_test_macros.hpp>

#include "http/live/state_snapshot.hpp"
#include "http/routes/cursor.hpp"
#include "http/server/text.hpp"
#include "tests/support/edge_fixture.hpp"
#include "tests/support/wire_socket.hpp"

using namespace troupe;
using namespace troupe::testing;
namespace json = boost::json;

namespace {

// A client that writes down what it is pushed. No library: some of its habits are bad.
struct caller {
  caller(const edge_fixture& f, const std::string& key)
      : wire(f.port(), "/socket/websocket?vsn=2.0.0",
             http::concat(
                 {"Sec-WebSocket-Protocol: phoenix, base64url.bearer.phx.", http::base64url(key), "\r\n"})) {
    REQUIRE(wire.status() == 101);
  }

  void say(const std::string& ref, const std::string& topic, const std::string& event,
           const std::string& payload = "{}") {
    wire.send(test::text_frame(
        http::concat({"[\"1\",\"", ref, "\",\"", topic, "\",\"", event, "\",", payload, "]"})));
  }
  // The next message; nothing once it is closed.
  std::optional<json::array> next() {
    auto m = wire.next();
    if (!m) return std::nullopt;
    if ((m->first & 0x0f) == 8) {
      code = test::wire_socket::code_of(*m);
      return std::nullopt;
    }
    auto message = json::parse(m->payload).as_array();
    if (message[3] == "events")
      for (auto& e : message[4].at("events").as_array())
        steps.push_back(std::stoi(std::string(e.at("session_id").as_string())));
    return message;
  }
  // The answer to 'ref'; what comes before it is passed.
  json::object reply_to(const std::string& ref) {
    while (auto m = next())
      if ((*m)[3] == "phx_reply" && (*m)[1] == json::string_view(ref)) return (*m)[4].as_object();
    FAIL("no reply to " << ref);
    return {};
  }
  std::string join(const std::string& topic, const std::string& payload = "{}") {
    say("j", topic, "phx_join", payload);
    return json::serialize(reply_to("j"));
  }
  std::string position() {
    say("p", "events", "phx_join");
    auto r = reply_to("p").at("response").as_object();
    return json::serialize(json::object{{"epoch", r.at("epoch")}, {"offset", r.at("offset")}});
  }
  void read_steps(std::size_t count) {
    while (steps.size() < count) REQUIRE(next());
  }

  test::wire_socket wire;
  std::vector<int> steps;
  int code = 0;
};

std::vector<int> numbers(int count) {
  std::vector<int> out;
  for (int i = 0; i < count; ++i) out.push_back(i);
  return out;
}

void let_talk(http::edge_config& c) { c.limits.socket_messages_per_second_max = 1'000'000; }

}  // namespace

TEST_CASE(
    "channels: a thousand joins get as many topics as a socket may have, and a plain answer for the rest") {
  edge_fixture f(let_talk);
  caller c(f, f.read_key), other(f, f.read_key);
  other.join("events");
  for (int i = 0; i < 1000; ++i) c.say(std::to_string(i), "agent:a" + std::to_string(i), "phx_join");
  int joined = 0, refused = 0;
  while (joined + refused < 1000) {
    auto m = c.next();
    REQUIRE(m);
    if ((*m)[3] != "phx_reply") continue;
    ((*m)[4].at("status") == "ok" ? joined : refused)++;
  }
  CHECK(joined == 64);
  CHECK(f.edge->stats().joins_open == 65);
  f.send_steps("a1", 3);
  other.read_steps(3);
  c.read_steps(3);
}

TEST_CASE("channels: topics that are none, and broken joins, are refused and leave nothing behind") {
  edge_fixture f(let_talk);
  caller c(f, f.read_key);
  for (std::string topic : {"", "event", "events ", "Events", "agent", "agent:", "team:", "system:x",
                            "agents:", "phoenix:x", "dashboard", "room:lobby", "\\u0000", "agent:a\\u0000b"})
    CHECK(c.join(topic).find("\"status\":\"error\"") != std::string::npos);
  CHECK(c.join("agent:" + std::string(257, 'x')).find("error") != std::string::npos);
  CHECK(f.edge->stats().joins_open == 0);
  for (std::string payload :
       {"[]", "null", "7", "\"text\"", R"({"recover":7})", R"({"recover":{"epoch":1}})"})
    CHECK(c.join("agent:x", payload).find("\"status\":\"ok\"") != std::string::npos);
  CHECK(c.join("agent:x", R"({"token":"wrong"})").find("unauthenticated") != std::string::npos);
  CHECK(f.edge->stats().joins_open == 0);
}

TEST_CASE("channels: a ref that is used again is answered again, a join_ref of an earlier join is not") {
  edge_fixture f(let_talk);
  caller c(f, f.admin_key);
  c.join("events");
  std::string event = R"({"events":[{"type":"custom.x","agent_id":"r","session_id":"0"}]})";
  for (int i = 0; i < 5; ++i) c.say("same", "events", "publish", event);
  for (int i = 0; i < 5; ++i) CHECK(c.reply_to("same").at("status") == "ok");
  // What belongs to a join that has been replaced is dropped.
  c.wire.send(test::text_frame(R"(["old","1","events","publish",{"events":[]}])"));
  c.wire.send(test::text_frame(R"(["old","2","events","phx_leave",{}])"));
  c.say("3", "events", "publish", event);
  auto first = c.next();
  while (first && (*first)[3] != "phx_reply") first = c.next();
  REQUIRE(first);
  CHECK((*first)[1] == "3");
  CHECK(f.edge->stats().joins_open == 1);
}

TEST_CASE("channels: topics joined and left without end leave no reader, and others miss nothing") {
  edge_fixture f(let_talk);
  caller steady(f, f.read_key);
  steady.join("events");
  std::thread churn([&f] {
    for (int round = 0; round < 20; ++round) {
      caller c(f, f.read_key);
      for (int i = 0; i < 25; ++i) {
        auto topic = i % 3 == 0 ? std::string("events") : "agent:c" + std::to_string(i % 7);
        c.say("j", topic, "phx_join");
        if (i % 2 == 0) c.say("l", topic, "phx_leave");
      }
      c.say("end", "phoenix", "heartbeat");
      c.reply_to("end");
    }
  });
  for (int i = 0; i < 100; ++i) f.send_steps("c1", 1, i);
  churn.join();
  steady.read_steps(100);
  CHECK(steady.steps == numbers(100));
  CHECK(until([&] { return f.edge->stats().joins_open == 1 && f.edge->stats().websockets_open == 1; }));
}

TEST_CASE("channels: recoveries take turns, however many come back at once, and each gets all it missed") {
  edge_fixture f(let_talk);
  auto start = caller(f, f.read_key).position();
  for (int i = 0; i < 3; ++i) f.send_steps("r", 300, i * 300);
  f.actors.hold_queries();
  std::vector<std::unique_ptr<caller>> crowd;
  for (int i = 0; i < 60; ++i) {
    crowd.push_back(std::make_unique<caller>(f, f.read_key));
    CHECK(crowd.back()->join("events", "{\"recover\":" + start + "}").find("\"recovered\":true") !=
          std::string::npos);
  }
  CHECK(f.actors.queries_held() == 2 * 8);  // of two I/O threads
  f.actors.release_queries();
  f.send_steps("r", 10, 900);
  for (auto& c : crowd) {
    c->read_steps(910);
    CHECK(c->steps == numbers(910));
  }
}

TEST_CASE("channels: a recovery that live runs away from goes on, in order, without gap or duplicate") {
  edge_fixture f(let_talk);
  auto start = caller(f, f.read_key).position();
  f.send_steps("r", 5);
  f.actors.hold_queries();
  caller c(f, f.read_key);
  CHECK(c.join("agent:r", "{\"recover\":" + start + "}").find("\"recovered\":true") != std::string::npos);
  constexpr int more = 1300;  // pushes of one event: above what waits
  auto admin = f.admin();
  for (int i = 5; i < 5 + more; ++i)
    CHECK(admin
              .post("/api/v2/events", http::concat({R"({"type":"custom.x","agent_id":"r","session_id":")",
                                                    std::to_string(i), "\"}"}))
              .status == 200);
  f.actors.release_queries();
  c.read_steps(5 + more);
  CHECK(c.steps == numbers(5 + more));
}

TEST_CASE("channels: a reader of an agent that was slow is told the agent's state as it is in the end") {
  edge_fixture f([](http::edge_config& c) {
    let_talk(c);
    c.limits.socket_queue_frames_max = 8;
    c.limits.socket_queue_bytes_max = 64 * 1024 * 1024;
  });
  caller slow(f, f.read_key);
  int small = 4096;
  setsockopt(slow.wire.descriptor(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  slow.join("agents");
  slow.join("agent:s");
  auto admin = f.admin();
  // States of many agents fill its way until one is let go; it reads nothing meanwhile.
  for (int round = 0; round < 40; ++round) {
    std::string body = "[";
    for (int i = 0; i < 400; ++i)
      body += http::concat({i ? "," : "", R"({"type":"custom.x","session_id":"0","agent_id":"m)",
                            std::to_string(i), "\",\"team\":\"", std::string(200, 't'), "\"}"});
    CHECK(admin.post("/api/v2/events", body + "]").status == 200);
  }
  CHECK(admin.post("/api/v2/agents", R"({"id":"s","name":"the last name"})").status < 300);
  bool told = false;
  while (!told) {
    auto m = slow.next();
    REQUIRE(m);
    told = (*m)[3] == "agent" && (*m)[4].at("agent").at("name") == "the last name";
  }
}

TEST_CASE("channels: a snapshot of more agents than it holds says that it is cut") {
  edge_fixture f(let_talk);
  auto add = [&](std::size_t from, std::size_t to) {
    std::string body = "[";
    for (auto i = from; i < to; ++i)
      body += http::concat(
          {i > from ? "," : "", R"({"type":"custom.x","agent_id":"m)", std::to_string(i), "\"}"});
    REQUIRE(f.admin().post("/api/v2/events", body + "]").status == 200);
  };
  add(0, http::snapshot_agents_max);
  caller full(f, f.read_key);
  full.say("j", "agents", "phx_join");
  auto all = full.reply_to("j").at("response").as_object();
  CHECK(all.at("snapshot").as_array().size() == http::snapshot_agents_max);
  CHECK_FALSE(all.contains("snapshot_truncated"));
  add(http::snapshot_agents_max, http::snapshot_agents_max + 1);
  caller cut(f, f.read_key);
  cut.say("j", "agents", "phx_join");
  auto most = cut.reply_to("j").at("response").as_object();
  CHECK(most.at("snapshot").as_array().size() == http::snapshot_agents_max);
  CHECK(most.at("snapshot_truncated") == true);
}

TEST_CASE("channels: answers to pings that nobody reads end that socket and not the node's memory") {
  edge_fixture f([](http::edge_config& c) {
    let_talk(c);
    c.limits.socket_queue_bytes_max = 64 * 1024;
    c.limits.write_stall_deadline = std::chrono::milliseconds(200);
  });
  caller deaf(f, f.read_key), other(f, f.read_key);
  int small = 4096;
  setsockopt(deaf.wire.descriptor(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  std::string pings;
  for (int i = 0; i < 1000; ++i) pings += test::ping_frame(std::string(125, 'p'));
  std::thread shout([&] {
    for (int i = 0; i < 400 && f.edge->stats().websockets_open == 2; ++i) deaf.wire.send(pings);
  });
  CHECK(until([&] { return f.edge->stats().websockets_open == 1; }));
  shout.join();
  CHECK(other.join("events").find("\"ok\"") != std::string::npos);
}
