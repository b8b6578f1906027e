// The REST API over real sockets and the real machines in memory.
#include <set>

#include "http/routes/cursor.hpp"
#include "http/routes/event_merge.hpp"
#include "http/routes/openapi.hpp"
#include "http/routes/records_json.hpp"
#include "tests/support/edge_fixture.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

const test::fields json_type{{"Content-Type", "application/json"}};

std::string text(const boost::json::value& v) { return std::string(v.as_string()); }

}  // namespace

TEST_CASE("REST: events go in and are listed newest first over all shards by cursor") {
  edge_fixture f;
  for (int i = 0; i < 7; ++i) f.send_steps("agent-" + std::to_string(i), 9);
  auto reader = f.as(f.read_key);
  std::set<std::string> ids;
  std::string path = "/api/v2/events?limit=10", last_time = "9";
  int pages = 0;
  while (!path.empty()) {
    auto a = reader.get(path);
    REQUIRE(a.status == 200);
    CHECK_FALSE(a.field("Troupe-Read-Index").empty());
    CHECK(a.field("Troupe-Staleness-Ms") == "0");
    auto body = json_of(a.body);
    for (auto& e : body.at("items").as_array()) {
      CHECK(ids.insert(text(e.at("id"))).second);
      CHECK(text(e.at("time")) <= last_time);
      last_time = text(e.at("time"));
    }
    ++pages;
    path.clear();
    if (!body.at("next_cursor").is_null()) {
      auto link = a.field("Link");
      path = link.substr(1, link.find('>') - 1);
    }
  }
  CHECK(ids.size() == 63);
  CHECK(pages == 7);
  auto one = reader.get("/api/v2/events/" + *ids.begin());
  CHECK(one.status == 200);
  CHECK(reader.get("/api/v2/events/0190a5c0-0000-7000-8000-00000000dead").status == 404);
}

TEST_CASE("REST: a shard that stopped looking holds the page back to where it stopped") {
  auto answer = [](std::uint16_t shard, std::vector<std::int64_t> times, std::int64_t scanned) {
    auto m = std::make_unique<capnp::MallocMessageBuilder>();
    auto r = m->initRoot<schema::QueryResult>();
    r.setShard(shard);
    auto list = r.initEvents(static_cast<unsigned>(times.size()));
    for (unsigned i = 0; i < times.size(); ++i) {
      list[i].setSeq(100 - i);
      list[i].initEvent().setTimeUs(times[i]);
    }
    r.setMore(scanned != 0);
    r.setScannedToTimeUs(scanned);
    return m;
  };
  auto a = answer(1, {90, 70, 20}, 0), b = answer(2, {80}, 60);
  auto page = http::merge_events(
      {a->getRoot<schema::QueryResult>().asReader(), b->getRoot<schema::QueryResult>().asReader()}, {}, 10);
  REQUIRE(page.items.size() == 3);
  CHECK(page.items[0].at.time_us == 90);
  CHECK(page.items[2].at.time_us == 70);
  REQUIRE(page.next);
  CHECK(page.next->time_us == 60);
}

TEST_CASE("REST: a wrong item is rejected by its index and the rest is taken") {
  edge_fixture f;
  auto a = f.as(f.ingest_key)
               .post("/api/v2/events",
                     R"([{"type":"custom.x","agent_id":"a"},{"type":"nope","agent_id":"a"},
                                       {"type":"custom.x","agent_id":"a","colour":"red"}])",
                     json_type);
  REQUIRE(a.status == 200);
  auto body = json_of(a.body);
  CHECK(body.at("accepted").as_int64() == 1);
  REQUIRE(body.at("rejected").as_array().size() == 2);
  CHECK(body.at("rejected").as_array()[0].at("index").as_int64() == 1);
  CHECK(f.edge->stats().events_rejected == 2);
}

TEST_CASE("REST: a request repeated with its Idempotency-Key makes its events once") {
  edge_fixture f;
  auto c = f.as(f.ingest_key);
  auto headers = json_type;
  headers.push_back({"Idempotency-Key", "k1"});
  std::string body = R"([{"type":"custom.x","agent_id":"a"},{"type":"custom.x","agent_id":"b"}])";
  auto first = c.post("/api/v2/events", body, headers);
  CHECK(json_of(first.body).at("accepted").as_int64() == 2);
  CHECK(c.post("/api/v2/events", body, headers).body == first.body);
  CHECK(json_of(f.admin().get("/api/v2/events").body).at("items").as_array().size() == 2);
  CHECK(c.post("/api/v2/events", R"([{"type":"custom.y","agent_id":"a"}])", headers).status == 422);
}

TEST_CASE("REST: a shard that fails makes the whole answer a failure that says what was taken") {
  edge_fixture f;
  std::string body = "[";
  for (int i = 0; i < 30; ++i) {
    body += (i ? "," : "") + std::string(R"({"type":"custom.x","agent_id":"a)") + std::to_string(i) + "\"}";
  }
  body += "]";
  f.actors.fail_commands(shard_id(2), failure{errc::unavailable, "no majority", std::chrono::seconds(2)});
  auto c = f.as(f.ingest_key);
  auto a = c.post("/api/v2/events", body, json_type);
  CHECK(a.status == 503);
  CHECK(a.field("Retry-After") == "2");
  auto p = json_of(a.body);
  CHECK(p.at("accepted").as_int64() > 0);
  CHECK(p.at("accepted").as_int64() + p.at("not_taken").as_int64() == 30);
  CHECK(text(p.at("detail")).find("Idempotency-Key") != std::string::npos);
  f.actors.fail_commands(shard_id(2), failure{errc::no_space, "the disk is full"});
  CHECK(c.post("/api/v2/events", body, json_type).status == 507);
  CHECK(f.admin().get("/api/v2/events").status == 200);
  f.actors.fail_commands(shard_id(2), {});
  CHECK(c.post("/api/v2/events", body, json_type).status == 200);
}

TEST_CASE("REST: bodies that cannot be read are problems and change nothing") {
  edge_fixture f;
  auto c = f.as(f.ingest_key);
  CHECK(c.post("/api/v2/events", "[{", json_type).status == 400);
  CHECK(c.post("/api/v2/events", "[]", {{"Content-Type", "text/csv"}}).status == 415);
  CHECK(c.post("/api/v2/events", "x", {{"Content-Type", "application/json"}, {"Content-Encoding", "br"}})
            .status == 415);
  CHECK(c.post("/api/v2/events", "x", {{"Content-Type", "application/json"}, {"Content-Encoding", "gzip"}})
            .status == 400);
  CHECK(c.post("/api/v2/agents", R"({"id":"a","colour":1})").status == 400);
  CHECK(c.post("/api/v2/agents", R"({"id":7})").body.find("\"id\"") != std::string::npos);
  CHECK(f.admin().get("/api/v2/agents/a").status == 404);
}

TEST_CASE("REST: a number beyond 64 bits is refused, so that no list ceases to be JSON") {
  edge_fixture f;
  auto c = f.admin();
  for (auto body : {R"({"id":"a","metadata":{"k":1e999}})", R"({"id":"a","metadata":{"k":[{"x":-1e400}]}})"})
    CHECK(c.post("/api/v2/agents", body).status == 400);
  CHECK(c.post("/api/v2/agents", R"({"id":"a","metadata":{"k":1e300}})").status == 201);
  CHECK(json_of(c.get("/api/v2/agents").body).at("items").as_array().size() == 1);
}

TEST_CASE("REST: an agent is registered, changed under its version and listed by page") {
  edge_fixture f;
  auto c = f.admin();
  auto a = c.post("/api/v2/agents", R"({"id":"a/1","team":"t","tags":["x"],"metadata":{"k":1}})");
  CHECK(a.status == 201);
  CHECK(a.field("Location") == "/api/v2/agents/a%2F1");
  auto tag = a.field("ETag");
  CHECK(c.post("/api/v2/agents", R"({"id":"a/1","team":"t"})").status == 200);
  CHECK(c.send("PATCH", "/api/v2/agents/a%2F1", R"({"name":"n"})", {{"If-Match", tag}}).status == 200);
  CHECK(c.send("PATCH", "/api/v2/agents/a%2F1", R"({"name":"m"})", {{"If-Match", tag}}).status == 412);
  CHECK(json_of(c.get("/api/v2/agents/a%2F1").body).at("name").as_string() == "n");
  for (int i = 0; i < 12; ++i) c.post("/api/v2/agents", R"({"id":"b)" + std::to_string(10 + i) + R"("})");
  std::vector<std::string> ids;
  std::string cursor;
  do {
    auto page = json_of(c.get("/api/v2/agents?limit=5" + (cursor.empty() ? "" : "&cursor=" + cursor)).body);
    for (auto& agent : page.at("items").as_array()) ids.push_back(text(agent.at("id")));
    cursor = page.at("next_cursor").is_null() ? "" : text(page.at("next_cursor"));
  } while (!cursor.empty());
  CHECK(ids.size() == 13);
  CHECK(std::is_sorted(ids.begin(), ids.end()));
  CHECK(json_of(c.get("/api/v2/agents?status=offline").body).at("items").as_array().empty());
  auto active = json_of(c.get("/api/v2/agents/active").body);
  CHECK(active.at("active_count").as_int64() == 13);
  CHECK_FALSE(active.at("truncated").as_bool());
}

TEST_CASE("REST: an agent is active that was seen in the last five minutes, unless it said otherwise") {
  constexpr std::int64_t minute = 60'000'000, hour = 60 * minute, now = 1'700'000'000'000'000;
  struct row {
    std::int64_t seen_ago, lease_left;  // no lease: 0
    const char* said;
    std::string_view expected;
  };
  for (auto& r : std::vector<row>{
           {0, 0, "", "active"},
           {5 * minute - 1, 0, "", "active"},
           {5 * minute, 0, "", "idle"},
           {hour, 0, "", "idle"},
           {hour + 1, 0, "", "offline"},
           {minute, hour, "planning", "active"},
           {5 * minute, hour, "", "idle"},  // it lives, and did nothing
           {5 * minute, -minute, "", "offline"},
           {minute, hour, "idle", "idle"},
           {minute, hour, "offline", "offline"},
           {2 * minute, -minute, "idle", "idle"},  // said lately, though the lease is over
           {2 * minute, -minute, "offline", "offline"},
           {10 * minute, -minute, "idle", "offline"},
           {minute, -2 * minute, "offline", "active"},  // seen after that lease
           {minute, -2 * minute, "idle", "active"},
       }) {
    capnp::MallocMessageBuilder message;
    auto activity = message.initRoot<schema::AgentActivity>();
    activity.setLastActivityUs(now - r.seen_ago);
    if (r.lease_left != 0) activity.setLeaseUntilUs(now + r.lease_left);
    activity.setReportedStatus(r.said);
    CAPTURE(r.seen_ago, r.lease_left, r.said);
    CHECK(http::agent_status(activity.asReader(), now) == r.expected);
  }
}

TEST_CASE("REST: the list of active agents is that of the status, and says when it is cut") {
  edge_fixture f;
  auto c = f.admin();
  for (auto id : {"works", "rests", "left"})
    c.post("/api/v2/agents", R"({"id":")" + std::string(id) + R"("})");
  c.post("/api/v2/agents/rests/heartbeat", R"({"status":"idle"})");
  c.post("/api/v2/agents/left/heartbeat", R"({"status":"offline"})");
  auto active = json_of(c.get("/api/v2/agents/active").body);
  REQUIRE(active.at("agents").as_array().size() == 1);
  CHECK(active.at("agents").at(0).at("id").as_string() == "works");
  CHECK(active.at("agents") == json_of(c.get("/api/v2/agents?status=active").body).at("items"));
  constexpr int listed_max = 10'000, batch = 1'000;
  for (int first = 0; first < listed_max; first += batch) {
    std::string body = "[";
    for (int i = first; i < first + batch; ++i)
      body += (i > first ? "," : "") + std::string(R"({"type":"custom.x","agent_id":"a)") +
              std::to_string(i) + "\"}";
    REQUIRE(c.post("/api/v2/events", body + "]", json_type).status == 200);
  }
  active = json_of(c.get("/api/v2/agents/active").body);
  CHECK(active.at("active_count").as_int64() == listed_max);
  CHECK(active.at("agents").as_array().size() == listed_max);
  CHECK(active.at("truncated").as_bool());
}

TEST_CASE("REST: tasks are created, claimed, completed and refused as their state says") {
  edge_fixture f;
  auto c = f.admin();
  std::string tasks = "/api/v2/agents/w/tasks";
  c.post("/api/v2/agents", R"({"id":"w"})");
  CHECK(c.post(tasks, R"({"id":"t1","name":"low"})").status == 201);
  CHECK(c.post(tasks, R"({"id":"t2","name":"high","priority":5,"input":{"n":1}})").status == 201);
  auto claim = json_of(c.post(tasks + "/claim", "{}").body);
  CHECK(claim.at("id").as_string() == "t2");
  auto token = text(claim.at("claim_token"));
  CHECK(c.get(tasks + "/t2").body.find("claim_token") == std::string::npos);
  CHECK(c.post(tasks + "/t2/complete", R"({"claim_token":"forged"})").status >= 403);
  auto done = c.post(tasks + "/t2/complete", R"({"claim_token":")" + token + R"(","result":[1]})");
  CHECK(done.status == 200);
  CHECK(json_of(done.body).at("result").as_array().size() == 1);
  CHECK(c.post(tasks + "/t1/claim", "").status == 200);
  CHECK(c.post(tasks + "/claim", "{}").status == 204);
  CHECK(json_of(c.get(tasks + "?status=completed").body).at("items").as_array().size() == 1);
  CHECK(c.get(tasks + "/nope").status == 404);
}

TEST_CASE("REST: rollups of all shards are added up and paged") {
  edge_fixture f;
  for (int i = 0; i < 5; ++i) f.send_steps("r" + std::to_string(i), 4);
  auto c = f.as(f.read_key);
  auto all = json_of(c.get("/api/v2/rollups?resolution=day&by=all").body);
  REQUIRE(all.at("items").as_array().size() >= 1);
  std::int64_t sum = 0;
  for (auto& i : all.at("items").as_array()) sum += i.at("count").as_int64();
  CHECK(sum == 20);
  std::set<std::string> keys;
  std::string cursor;
  int pages = 0;
  do {
    auto page = json_of(
        c.get("/api/v2/rollups?resolution=day&by=agent&limit=2" + (cursor.empty() ? "" : "&cursor=" + cursor))
            .body);
    for (auto& i : page.at("items").as_array()) CHECK(keys.insert(text(i.at("key"))).second);
    cursor = page.at("next_cursor").is_null() ? "" : text(page.at("next_cursor"));
    REQUIRE(++pages < 10);
  } while (!cursor.empty());
  CHECK(keys.size() == 5);
}

TEST_CASE("REST: a key is made, used, listed without its secret and revoked") {
  edge_fixture f;
  auto admin = f.admin();
  auto made = json_of(admin.post("/api/v2/keys", R"({"name":"n","role":"read"})").body);
  auto key = text(made.at("key")), id = text(made.at("id"));
  CHECK(key.starts_with("trp_" + id + "_"));
  auto c = f.as(key);
  CHECK(json_of(c.get("/api/v2/whoami").body).at("key_id").as_string() == id);
  CHECK(admin.get("/api/v2/keys").body.find(key) == std::string::npos);
  CHECK(admin.send("DELETE", "/api/v2/keys/" + id).status == 204);
  CHECK(c.get("/api/v2/whoami").status == 401);
  CHECK(admin.send("DELETE", "/api/v2/keys/nope").status == 404);
  CHECK(admin.post("/api/v2/keys", R"({"name":"n","role":"emperor"})").status == 400);
}

TEST_CASE("REST: a key of another organisation sees nothing of this one") {
  edge_fixture f;
  f.send_steps("mine", 3);
  auto key = f.actors.add_key(http::role::admin, "other");
  auto c = f.as(key);
  REQUIRE(until([&] { return c.get("/api/v2/whoami").status == 200; }));
  CHECK(json_of(c.get("/api/v2/events").body).at("items").as_array().empty());
  CHECK(c.get("/api/v2/agents/mine").status == 404);
}

TEST_CASE("REST: guessing keys is slowed and keys that worked from there go on") {
  edge_fixture f([](http::edge_config& c) {
    c.limits.key_failures_max = 5;
    c.limits.key_failure_interval = std::chrono::minutes(1);
  });
  auto known = f.admin();
  CHECK(known.get("/api/v2/whoami").status == 200);
  auto c = f.as("wrong");
  for (int i = 0; i < 5; ++i) CHECK(c.get("/api/v2/whoami").status == 401);
  auto a = c.get("/api/v2/whoami");
  CHECK(a.status == 429);
  CHECK_FALSE(a.field("Retry-After").empty());
  CHECK(f.as(f.read_key).get("/api/v2/whoami").status == 429);
  CHECK(known.get("/api/v2/whoami").status == 200);
}

TEST_CASE("REST: cursors come back as they were and others are refused") {
  http::cursor c{'e', -5, 77, 3, std::string("x\0y", 3)};
  auto back = http::parse_cursor(c.encode(), 'e');
  REQUIRE(back);
  CHECK(back->time_us == -5);
  CHECK(back->seq == 77);
  CHECK(back->text == c.text);
  CHECK_FALSE(http::parse_cursor(c.encode(), 'a'));
  auto changed = c.encode();
  changed[5] = changed[5] == 'A' ? 'B' : 'A';
  CHECK_FALSE(http::parse_cursor(changed, 'e'));
  edge_fixture f;
  CHECK(f.admin().get("/api/v2/events?cursor=garbage").status == 400);
  CHECK(f.admin().get("/api/v2/events?colour=red").status == 400);
  CHECK(f.admin().get("/api/v2/events?limit=0").status == 400);
}

TEST_CASE("REST: OTLP is taken on both ports and answered in its encoding") {
  edge_fixture f;
  test::http_client c(f.edge->ports().otlp.at(0), f.ingest_key);
  auto a = c.post("/v1/logs", R"({"resourceLogs":[]})", json_type);
  CHECK(a.status == 200);
  CHECK(a.field("Content-Type") == "application/json");
  a = c.post("/v1/traces", std::string(), {{"Content-Type", "application/x-protobuf"}});
  CHECK(a.status == 200);
  CHECK(a.field("Content-Type") == "application/x-protobuf");
  CHECK(c.post("/v1/traces", "{", json_type).status == 400);
  CHECK(f.as(f.read_key).post("/v1/traces", "{}", json_type).status == 403);
}

TEST_CASE("REST: the description holds every route and each reference in it leads somewhere") {
  edge_fixture f;
  auto a = test::http_client(f.port()).get("/openapi.json");
  REQUIRE(a.status == 200);
  auto doc = json_of(a.body);
  CHECK(doc.at("paths").as_object().size() == 46);
  std::set<std::string> ids;
  for (auto& [path, item] : doc.at("paths").as_object()) {
    for (auto& [method, operation] : item.as_object()) {
      CHECK(ids.insert(text(operation.at("operationId"))).second);
    }
  }
  std::function<void(const boost::json::value&)> walk = [&](const boost::json::value& v) {
    if (auto* o = v.if_object()) {
      for (auto& [name, inner] : *o) {
        if (name == "$ref") {
          boost::json::error_code ec;
          CHECK(doc.find_pointer(text(inner).substr(1), ec) != nullptr);
        }
        walk(inner);
      }
    } else if (auto* list = v.if_array()) {
      for (auto& inner : *list) walk(inner);
    }
  };
  walk(doc);
}
