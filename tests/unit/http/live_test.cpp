// Channels and event streams over real sockets: the conversation, recovery, presence, and readers that do not read.
#include <sys/socket.h>

#include <set>

#include "http/live/live_routes.hpp"
#include "http/live/position.hpp"
#include "http/routes/cursor.hpp"
#include "http/server/response_head.hpp"
#include "tests/support/edge_fixture.hpp"

using namespace troupe;
using namespace troupe::testing;
using test::ws_client;
namespace json = boost::json;

namespace {

const std::string socket_path = "/socket/websocket?vsn=2.0.0";

test::fields offer(const std::string& key) {
  return {{"Sec-WebSocket-Protocol", "phoenix, base64url.bearer.phx." + http::base64url(key)}};
}

std::string text(const json::value& v) { return std::string(v.as_string()); }

// A client of the channels that keeps what it is sent.
struct talker {
  talker(const edge_fixture& f, const std::string& key) : ws(f.port(), socket_path, offer(key)) {
    REQUIRE(ws.status() == 101);
  }

  json::value next() {
    auto message = ws.next();
    REQUIRE(message);
    return json_of(*message);
  }
  // Reads on until a message of that event comes; events that are passed are kept.
  json::value wait_for(std::string_view event) {
    for (int i = 0; i < 5000; ++i) {
      auto m = next();
      auto& a = m.as_array();
      if (a[3] == "events") take(a[4]);
      if (a[3] == json::string_view(event.data(), event.size())) return m;
    }
    FAIL("the event did not come");
    return {};
  }
  json::value push(const std::string& topic, const std::string& event, const std::string& payload) {
    auto ref = std::to_string(++refs);
    if (event == "phx_join") join_refs[topic] = ref;
    ws.send("[\"" + join_refs[topic] + "\",\"" + ref + "\",\"" + topic + "\",\"" + event + "\"," + payload +
            "]");
    while (true) {
      auto m = wait_for("phx_reply");
      if (m.as_array()[1] == json::string_view(ref)) return m.as_array()[4];
    }
  }
  json::value join(const std::string& topic, const std::string& payload = "{}") {
    return push(topic, "phx_join", payload);
  }
  void take(const json::value& payload) {
    for (auto& e : payload.at("events").as_array()) {
      seen.emplace_back(text(e.at("agent_id")), std::stoi(text(e.at("session_id"))));
    }
    position =
        "{\"epoch\":\"" + text(payload.at("epoch")) + "\",\"offset\":\"" + text(payload.at("offset")) + "\"}";
  }
  void read_events(std::size_t count) {
    while (seen.size() < count) wait_for("events");
  }
  std::vector<int> steps_of(const std::string& agent) const {
    std::vector<int> out;
    for (auto& [who, step] : seen) {
      if (who == agent) out.push_back(step);
    }
    return out;
  }

  ws_client ws;
  int refs = 0;
  std::map<std::string, std::string> join_refs;
  std::vector<std::pair<std::string, int>> seen;
  std::string position;
};

std::vector<int> numbers(int count, int from = 0) {
  std::vector<int> out;
  for (int i = from; i < from + count; ++i) out.push_back(i);
  return out;
}

std::string position_of(const json::value& reply) {
  auto& r = reply.at("response");
  return "{\"epoch\":\"" + text(r.at("epoch")) + "\",\"offset\":\"" + text(r.at("offset")) + "\"}";
}

}  // namespace

TEST_CASE("live: a channel is joined, beaten, published on, pushed to and left as Phoenix says") {
  edge_fixture f;
  ws_client ws(f.port(), socket_path, offer(f.admin_key));
  REQUIRE(ws.status() == 101);
  CHECK(ws.field("Sec-WebSocket-Protocol") == "phoenix");
  ws.send(R"([null,"1","phoenix","heartbeat",{}])");
  CHECK(ws.next() == R"([null,"1","phoenix","phx_reply",{"status":"ok","response":{}}])");
  ws.send(R"(["2","2","events","phx_join",{}])");
  CHECK(ws.next() ==
        R"(["2","2","events","phx_reply",{"status":"ok","response":{"epoch":"6pbsf","offset":"0.0.0"}}])");
  auto presence = json_of(ws.next().value()).as_array();
  CHECK(presence[3] == "presence_state");
  CHECK(presence[4].as_object().size() == 1);
  ws.send(R"(["2","3","events","publish",{"events":[{"type":"custom.x","agent_id":"a"}]}])");
  std::set<std::string> kinds;
  for (int i = 0; i < 3; ++i) {
    auto m = json_of(ws.next().value()).as_array();
    kinds.insert(text(m[3]));
    if (m[3] == "phx_reply") {
      CHECK(m[4].at("response").at("accepted").as_int64() == 1);
    } else if (m[3] == "events") {
      CHECK(m[0].is_null());
      CHECK(m[4].at("events").as_array().size() == 1);
      CHECK(m[4].at("epoch") == "6pbsf");
    }
  }
  CHECK(kinds == std::set<std::string>{"phx_reply", "events", "presence_diff"});
  ws.send(R"(["2","4","events","phx_leave",{}])");
  CHECK(ws.next() == R"(["2","4","events","phx_reply",{"status":"ok","response":{}}])");
  CHECK(ws.next() == R"(["2",null,"events","phx_close",{}])");
  ws.send(R"(["2","5","events","publish",{"events":[]}])");
  CHECK(ws.next().value().find(R"("status":"error","response":{"reason":"unmatched topic")") !=
        std::string::npos);
}

TEST_CASE("live: the binary form of a push is taken as the same message") {
  edge_fixture f;
  talker t(f, f.ingest_key);
  CHECK(t.join("events").at("status") == "ok");
  std::string payload = R"({"events":[{"type":"custom.x","agent_id":"b"}]})";
  t.ws.send_binary(std::string("\0\1\1\6\7", 5) + "1" + "9" + "events" + "publish" + payload);
  auto reply = t.wait_for("phx_reply").as_array();
  CHECK(reply[1] == "9");
  CHECK(reply[4].at("response").at("accepted").as_int64() == 1);
}

TEST_CASE("live: who may not is refused, in the handshake or in the join") {
  edge_fixture f;
  CHECK(ws_client(f.port(), socket_path, offer("wrong")).status() == 401);
  CHECK(ws_client(f.port(), "/socket/websocket?vsn=1.0.0", offer(f.read_key)).status() == 400);
  auto foreign = offer(f.read_key);
  foreign.push_back({"Origin", "https://evil.example"});
  CHECK(ws_client(f.port(), socket_path, foreign).status() == 403);
  foreign.back().second = "http://127.0.0.1:" + std::to_string(f.port());
  CHECK(ws_client(f.port(), socket_path, foreign).status() == 101);
  CHECK(test::http_client(f.port()).get(socket_path).status == 426);

  ws_client bare(f.port(), socket_path);
  REQUIRE(bare.status() == 101);
  bare.send(R"(["1","1","events","phx_join",{}])");
  CHECK(bare.next().value().find("unauthenticated") != std::string::npos);
  bare.send(R"(["2","2","agents","phx_join",{"token":")" + f.ingest_key + "\"}]");
  CHECK(bare.next().value().find("forbidden") != std::string::npos);
  bare.send(R"(["3","3","events","phx_join",{"token":")" + f.read_key + "\"}]");
  CHECK(bare.next().value().find("\"ok\"") != std::string::npos);

  talker t(f, f.read_key);
  for (auto topic : {"nonsense", "agent:", "team:", "room:lobby"})
    CHECK(t.join(topic).at("status") == "error");
  t.join("events");
  CHECK(t.push("events", "publish", R"({"events":[]})").at("response").at("reason") == "forbidden");
  CHECK(t.push("events", "dance", "{}").at("status") == "error");
}

TEST_CASE("live: topics get what is theirs and nothing of another organisation") {
  edge_fixture f;
  auto other_key = f.actors.add_key(http::role::admin, "other");
  REQUIRE(until([&] { return f.as(other_key).get("/api/v2/whoami").status == 200; }));
  talker all(f, f.read_key), one(f, f.read_key), team(f, f.read_key), other(f, other_key);
  all.join("events");
  one.join("agent:x");
  team.join("team:blue");
  other.join("events");
  f.send_steps("x", 3, 0, "blue");
  f.send_steps("y", 3, 0, "blue");
  f.send_steps("z", 3);
  all.read_events(9);
  one.read_events(3);
  team.read_events(6);
  CHECK(one.steps_of("x") == numbers(3));
  CHECK(team.steps_of("y") == numbers(3));
  f.as(other_key).post("/api/v2/events", R"({"type":"custom.x","agent_id":"theirs","session_id":"7"})");
  other.read_events(1);
  CHECK(other.seen.front().first == "theirs");
}

TEST_CASE("live: a client that comes back gets what it missed, in order, once, and then what follows") {
  edge_fixture f;
  std::string all_at, one_at;
  {
    talker t(f, f.read_key);
    all_at = position_of(t.join("events"));
    talker u(f, f.read_key);
    one_at = position_of(u.join("agent:a1"));
  }
  // More than one page of a shard.
  for (int i = 0; i < 4; ++i) {
    for (auto agent : {"a1", "a2", "a3"}) f.send_steps(agent, 300, i * 300);
  }
  talker t(f, f.read_key), u(f, f.read_key);
  f.actors.hold_queries();
  auto reply = t.join("events", "{\"recover\":" + all_at + "}");
  CHECK(reply.at("response").at("recovered") == true);
  CHECK(u.join("agent:a1", "{\"recover\":" + one_at + "}").at("response").at("recovered") == true);
  // What happens while the past is read waits its turn.
  for (auto agent : {"a1", "a2", "a3"}) f.send_steps(agent, 20, 1200);
  f.actors.release_queries();
  t.read_events(3 * 1220);
  u.read_events(1220);
  for (auto agent : {"a1", "a2", "a3"}) CHECK(t.steps_of(agent) == numbers(1220));
  CHECK(u.steps_of("a1") == numbers(1220));
  // And from the offset of the last push nothing is missing either.
  auto last = t.position;
  f.send_steps("a1", 5, 1220);
  talker again(f, f.read_key);
  CHECK(again.join("events", "{\"recover\":" + last + "}").at("response").at("recovered") == true);
  f.send_steps("a1", 5, 1225);
  again.read_events(10);
  CHECK(again.steps_of("a1") == numbers(10, 1220));
}

TEST_CASE("live: an offset that never was is told and the topic goes on from now") {
  edge_fixture f;
  f.send_steps("a", 5);
  for (std::string recover :
       {R"({"epoch":"x","offset":"0.0.0"})", R"({"epoch":"6pbsf","offset":"garbage"})",
        R"({"epoch":"6pbsf","offset":""})", R"({"epoch":"6pbsf","offset":"0.0.999999999"})",
        R"({"epoch":"6pbsf","offset":"0.0"})", R"({"epoch":"6pbsf","offset":"9-1"})", R"({"offset":7})"}) {
    talker t(f, f.read_key);
    auto reply = t.join("agent:later", "{\"recover\":" + recover + "}");
    CHECK(reply.at("status") == "ok");
    CHECK(reply.at("response").at("recovered") == false);
    f.send_steps("later", 1);
    t.read_events(1);
    CHECK(t.steps_of("later") == numbers(1));
  }
}

TEST_CASE("live: feeds that were lost are read from the shards and nobody misses an event") {
  edge_fixture f;
  talker t(f, f.read_key);
  t.join("events");
  f.send_steps("g", 5);
  t.read_events(5);
  f.actors.lose_feeds(1);
  f.send_steps("g", 700, 5);
  f.send_steps("g", 5, 705);
  t.read_events(710);
  CHECK(t.steps_of("g") == numbers(710));
}

TEST_CASE("live: a reader that does not read is closed so that it resumes and others are not held up") {
  edge_fixture f([](http::edge_config& c) {
    c.limits.socket_queue_bytes_max = 1024 * 1024;
    c.limits.socket_queue_frames_max = 64;
    c.limits.write_stall_deadline = std::chrono::milliseconds(200);
  });
  talker slow(f, f.read_key), quick(f, f.read_key);
  int small = 4096;
  setsockopt(slow.ws.socket().native_handle(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  auto start = position_of(slow.join("events"));
  quick.join("events");
  int sent = 0;
  for (; f.edge->stats().slow_readers_closed == 0 && sent < 60'000; sent += 500) {
    f.send_steps("s", 500, sent);
    quick.read_events(static_cast<std::size_t>(sent) + 500);
  }
  CHECK(f.edge->stats().slow_readers_closed >= 1);
  CHECK(quick.steps_of("s") == numbers(sent));
  REQUIRE(until([&] { return f.edge->stats().websockets_open == 1; }));
  // It comes back and goes on from where it was.
  talker back(f, f.read_key);
  CHECK(back.join("events", "{\"recover\":" + start + "}").at("response").at("recovered") == true);
  back.read_events(static_cast<std::size_t>(sent));
  CHECK(back.steps_of("s") == numbers(sent));
}

TEST_CASE("live: presence tells who came, who is there and who went") {
  edge_fixture f;
  talker first(f, f.read_key);
  first.join("agent:p");
  CHECK(first.wait_for("presence_state").as_array()[4].as_object().size() == 1);
  first.wait_for("presence_diff");
  {
    talker second(f, f.admin_key);
    second.join("agent:p");
    CHECK(second.wait_for("presence_state").as_array()[4].as_object().size() == 2);
    auto news = first.wait_for("presence_diff");
    auto& diff = news.as_array()[4];
    REQUIRE(diff.at("joins").as_object().size() == 1);
    auto& meta = diff.at("joins").as_object().begin()->value().at("metas").as_array()[0];
    CHECK_FALSE(text(meta.at("phx_ref")).empty());
  }
  CHECK(first.wait_for("presence_diff").as_array()[4].at("leaves").as_object().size() == 1);
}

TEST_CASE("live: the agents topic begins with all agents and goes on with the latest of each") {
  edge_fixture f;
  f.admin().post("/api/v2/agents", R"({"id":"known"})");
  talker t(f, f.read_key);
  auto reply = t.join("agents");
  auto& snapshot = reply.at("response").at("snapshot").as_array();
  REQUIRE(snapshot.size() == 1);
  CHECK(snapshot[0].at("id") == "known");
  f.send_steps("new", 10);
  std::int64_t events = 0;
  while (events < 10) {
    auto news = t.wait_for("agents");
    for (auto& a : news.as_array()[4].at("agents").as_array()) {
      if (a.at("id") == "new") events = a.at("totals").at("events").as_int64();
    }
  }
  CHECK(events == 10);
}

TEST_CASE("live: a dashboard's topic begins with it and tells what becomes of it, news that were lost too") {
  edge_fixture f;
  auto admin = f.admin();
  admin.post("/api/v2/dashboards", R"({"dashboard_id":"d","title":"one"})");
  talker t(f, f.read_key);
  auto reply = t.join("dashboard:d");
  CHECK(reply.at("response").at("snapshot").at("dashboard").at("title") == "one");
  auto told = [&](std::string_view event) { return t.wait_for(event).as_array()[4]; };
  admin.send("PATCH", "/api/v2/dashboards/d", R"({"title":"two"})");
  CHECK(told("dashboard").at("dashboard").at("title") == "two");
  f.actors.lose_feeds(1);
  admin.send("PATCH", "/api/v2/dashboards/d", R"({"title":"three"})");
  f.actors.begin_anew();
  CHECK(told("dashboard").at("dashboard").at("title") == "three");
  f.actors.lose_feeds(1);
  admin.send("DELETE", "/api/v2/dashboards/d");
  f.actors.begin_anew();
  CHECK(told("dashboard_deleted").at("dashboard_id") == "d");
  CHECK(t.join("dashboard:nobody").at("response").at("reason") == "not_found");
  auto other = f.actors.add_key(http::role::read, "other");
  REQUIRE(until([&] { return f.as(other).get("/api/v2/whoami").status == 200; }));
  talker stranger(f, other);
  CHECK(stranger.join("dashboard:d").at("response").at("reason") == "not_found");
}

TEST_CASE("live: revoking a key closes its sockets and streams and no other") {
  edge_fixture f;
  auto made = json_of(f.admin().post("/api/v2/keys", R"({"name":"n","role":"read"})").body);
  auto key = text(made.at("key"));
  talker gone(f, key), kept(f, f.read_key);
  gone.join("events");
  kept.join("events");
  auto stream = f.as(key);
  stream.write("GET /api/livebook/stream/telemetry HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + key +
               "\r\n\r\n");
  CHECK_FALSE(stream.read_until("retry: 1000").empty());
  CHECK(f.admin().send("DELETE", "/api/v2/keys/" + text(made.at("id"))).status == 204);
  while (gone.ws.next()) {}
  CHECK(gone.ws.close_code() == 1008);
  stream.read_to_end();
  REQUIRE(until([&] { return f.edge->stats().streams_open == 0; }));
  f.send_steps("a", 1);
  kept.read_events(1);
}

TEST_CASE("live: messages that are none end that socket with a code that says so") {
  edge_fixture f;
  for (std::string bad : {"not json", "{}", "[]", "[1,2,3,4,5]", "[null,null,null,null,null]",
                          R"(["1","1",5,"phx_join",{}])"}) {
    talker t(f, f.read_key);
    t.ws.send(bad);
    while (t.ws.next()) {}
    CHECK(t.ws.close_code() == 1008);
  }
  for (auto bad :
       {std::string("\0", 1), std::string("\0\377\377\377\377", 5), std::string("\0\0\0\1\1\377x", 7),
        std::string("\0\1\1\1\1\377xxx", 9), std::string("\0\1\1\1\1x\377xx", 9)}) {
    talker t(f, f.read_key);
    t.ws.send_binary(bad);
    while (t.ws.next()) {}
    CHECK(t.ws.close_code() == 1008);
  }
  talker large(f, f.read_key);
  large.ws.send(std::string(2'000'000, 'x'));
  while (large.ws.next()) {}
  CHECK(large.ws.close_code() == 1009);
  CHECK(until([&] { return f.edge->stats().websockets_open == 0 && f.edge->stats().joins_open == 0; }));
}

TEST_CASE("live: a socket has a bound of joins and of messages a second") {
  edge_fixture f([](http::edge_config& c) {
    c.limits.joins_per_socket_max = 3;
    c.limits.socket_messages_per_second_max = 20;
  });
  talker t(f, f.read_key);
  for (int i = 0; i < 3; ++i) CHECK(t.join("agent:" + std::to_string(i)).at("status") == "ok");
  CHECK(t.join("agent:3").at("response").at("reason") == "too many topics");
  for (int i = 0; i < 60; ++i) t.ws.send(R"([null,"1","phoenix","heartbeat",{}])");
  while (t.ws.next()) {}
  CHECK(t.ws.close_code() == 1008);
}

TEST_CASE("live: a stream sends events with ids and resumes behind the last one") {
  edge_fixture f;
  auto open = [&](test::http_client& c, const std::string& extra, const std::string& query = "") {
    c.write("GET /api/livebook/stream/telemetry" + query + " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " +
            f.read_key + "\r\n" + extra + "\r\n");
  };
  test::http_client first(f.port()), second(f.port()), third(f.port()), fourth(f.port());
  open(first, "Accept-Encoding: gzip\r\n");
  auto head = first.read_until("\n\nid: ");
  CHECK(head.find("Content-Encoding") == std::string::npos);
  CHECK(head.find("text/event-stream") != std::string::npos);
  CHECK(head.find("X-Accel-Buffering: no") != std::string::npos);
  f.send_steps("s", 3);
  auto pushed = first.read_until("\"session_id\":\"2\"");
  auto at = pushed.rfind("id: ");
  auto id = pushed.substr(at + 4, pushed.find('\n', at) - at - 4);
  first.close();
  f.send_steps("s", 3, 3);
  open(second, "Last-Event-ID: " + id + "\r\n");
  auto missed = second.read_until("\"session_id\":\"5\"");
  CHECK(missed.find("reset") == std::string::npos);
  CHECK(missed.find("\"session_id\":\"2\"") == std::string::npos);
  CHECK(missed.find("\"session_id\":\"3\"") != std::string::npos);
  open(third, "Last-Event-ID: never:1\r\n");
  CHECK(third.read_until("{\"recovered\":false}").find("event: reset") != std::string::npos);
  open(fourth, "", "?time_range=last_hour");
  auto past = fourth.read_until("\"session_id\":\"5\"");
  CHECK(past.find("\"session_id\":\"0\"") < past.find("\"session_id\":\"5\""));
  CHECK(f.as(f.read_key).get("/api/livebook/stream/telemetry?time_range=forever").status == 400);
  CHECK(f.as(f.read_key).send("HEAD", "/api/livebook/stream/telemetry").status == 200);
}

TEST_CASE("live: a stream that is silent gets comments that keep it open") {
  edge_fixture f([](http::edge_config& c) { c.limits.stream_keep_alive = std::chrono::milliseconds(20); });
  auto c = f.as(f.read_key);
  c.write("GET /api/livebook/stream/telemetry HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + f.read_key +
          "\r\n\r\n");
  CHECK_FALSE(c.read_until(": keep-alive\n\n").empty());
}

TEST_CASE("live: stopping closes sockets so that clients come back") {
  edge_fixture f;
  talker t(f, f.read_key);
  t.join("events");
  std::thread stopping([&] { f.edge->stop(std::chrono::seconds(5)); });
  while (t.ws.next()) {}
  CHECK(t.ws.close_code() == 1012);
  stopping.join();
}

TEST_CASE("live: sub-protocols and origins are read as clients send them") {
  auto key = std::string("trp_abc_secret");
  auto o = http::read_subprotocols("phoenix, base64url.bearer.phx." + http::base64url(key));
  CHECK(o.phoenix);
  CHECK(o.key == key);
  CHECK(http::is_origin_allowed("", "h:1", {}));
  CHECK(http::is_origin_allowed("http://h:1", "h:1", {}));
  CHECK_FALSE(http::is_origin_allowed("http://h:2", "h:1", {}));
  CHECK_FALSE(http::is_origin_allowed("null", "h:1", {}));
  CHECK(http::is_origin_allowed("https://a", "h:1", {"https://a"}));
}

TEST_CASE("live: offsets are read back as they were written") {
  http::position p{0, 5, 0, 123456789};
  CHECK(http::offset_text(p) == "5.0.123456789");
  CHECK(http::parse_offset("5.0.123456789", http::position(4, 0)) == p);
  CHECK(http::parse_offset("2-7", http::position{0, 1, 2, 3}) == http::position{0, 1, 7, 3});
  for (auto bad : {"", "5", "5.0", "5.0.1.2", "5.0.x", "-1", "0-1", "4-1", "2-"}) {
    CHECK_FALSE(http::parse_offset(bad, http::position(4, 0)));
  }
}
