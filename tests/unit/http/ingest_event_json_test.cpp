// Reading and writing of the public event JSON.
#include "http/ingest/event_json.hpp"

#include <simdjson.h>
#include <catch2/catch_test_macros.hpp>

#include <random>

#include "http/ingest/batcher.hpp"
#include "http/ingest/json_text.hpp"
#include "http/ingest/time_text.hpp"
#include "protocol/limits.hpp"
#include "protocol/message.hpp"
#include "protocol/schema/command.capnp.h"

using namespace troupe;
using namespace troupe::ingest;

namespace {

constexpr std::int64_t now_us = 1'800'000'000'000'000;
const context ctx{.now_us = now_us, .entropy_high = 1, .entropy_low = 2};

parsed_batch parsed(std::string_view body, std::string_view type = "application/json") {
  auto out = parse_events(body, type, ctx);
  INFO(std::string(body.substr(0, 200)));
  if (!out) FAIL(out.error().detail);
  return std::move(*out);
}

// The only rejected item of one event with these fields beside type and agent_id.
rejected_item rejected_of(std::string_view fields) {
  auto batch = parsed(R"([{"type":"llm.call","agent_id":"a",)" + std::string(fields) + "}]");
  INFO(std::string(fields));
  REQUIRE(batch.events.empty());
  REQUIRE(batch.rejected.size() == 1);
  return batch.rejected[0];
}

std::string failed_of(std::string_view body, std::string_view type = "application/json") {
  auto out = parse_events(body, type, ctx);
  REQUIRE_FALSE(out);
  return out.error().detail;
}

// One encoded event of a batch, as stored.
struct stored {
  explicit stored(parsed_batch& batch) : entries(cut_batch(batch, {"default", "key1"}, 16)) {
    REQUIRE(entries.size() == 1);
    reader.emplace(entries[0].command);
  }
  schema::Event::Reader event() {
    return reader->root<schema::Command>().getBody().getAppendEvents().getEvents()[0];
  }
  std::vector<event_entry> entries;
  std::optional<message_reader> reader;
};

}  // namespace

TEST_CASE("event json: every field arrives in the event") {
  auto batch = parsed(R"({"id":"0190b5c4-9d5e-7cc0-8a5e-5f2f3c1d2e4b","type":"llm.call",
    "time":"2026-01-31T12:00:00.123Z","agent_id":"planner","session_id":"s","user_id":"u","team":"t",
    "trace_id":"tr","span_id":"sp","parent_span_id":"pp","status":"error","error":"late \"x\"","duration_ms":12.345,
    "model":"m","provider":"p","tokens":{"input":10,"output":5,"cache_read":3,"cache_write":1,"reasoning":2},
    "cost_usd":0.000000123,"tool":"search","tier":"hot","latency_by_tier_ms":{"hot":0.5,"cold":20},"query":"why",
    "items_retrieved":7,"knowledge_id":"k","peer_agent_id":"b","attributes":{"x":[1,2.5,"a\u0000b"],"y":null}})");
  REQUIRE(batch.rejected.empty());
  REQUIRE(batch.events.size() == 1);
  stored s(batch);
  auto e = s.event();
  CHECK(to_string(uuid{e.getId().getHigh(), e.getId().getLow()}) == "0190b5c4-9d5e-7cc0-8a5e-5f2f3c1d2e4b");
  CHECK(e.getType() == schema::EventType::LLM_CALL);
  CHECK(e.getTimeUs() == 1'769'860'800'123'000);
  CHECK(view_of(e.getAgentId()) == "planner");
  CHECK(view_of(e.getSessionId()) == "s");
  CHECK(view_of(e.getUserId()) == "u");
  CHECK(view_of(e.getTeam()) == "t");
  CHECK(view_of(e.getTraceId()) == "tr");
  CHECK(view_of(e.getSpanId()) == "sp");
  CHECK(view_of(e.getParentSpanId()) == "pp");
  CHECK(e.getStatus() == schema::EventStatus::ERROR);
  CHECK(view_of(e.getError()) == "late \"x\"");
  CHECK(e.getDurationUs() == 12'345);
  CHECK(view_of(e.getModel()) == "m");
  CHECK(view_of(e.getProvider()) == "p");
  CHECK(e.getTokens().getInput() == 10);
  CHECK(e.getTokens().getOutput() == 5);
  CHECK(e.getTokens().getCacheRead() == 3);
  CHECK(e.getTokens().getCacheWrite() == 1);
  CHECK(e.getTokens().getReasoning() == 2);
  CHECK(e.getCostNanoUsd() == 123);
  CHECK(e.getCostSource() == schema::CostSource::REPORTED);
  CHECK(view_of(e.getTool()) == "search");
  CHECK(view_of(e.getTier()) == "hot");
  REQUIRE(e.getLatencyByTier().size() == 2);
  CHECK(view_of(e.getLatencyByTier()[1].getTier()) == "cold");
  CHECK(e.getLatencyByTier()[0].getLatencyUs() == 500);
  CHECK(view_of(e.getQuery()) == "why");
  CHECK(e.getItemsRetrieved() == 7);
  CHECK(view_of(e.getKnowledgeId()) == "k");
  CHECK(view_of(e.getPeerAgentId()) == "b");
  CHECK(view_of(e.getAttributes()) == R"({"x":[1,2.5,"a\u0000b"],"y":null})");
}

TEST_CASE("event json: what is absent is given by the server or stays absent") {
  auto batch = parsed(
      R"([{"type":"custom.deploy","agent_id":"a","session_id":null},{"type":"tool.call","agent_id":"a"}])");
  REQUIRE(batch.events.size() == 2);
  auto& e = batch.events[0];
  CHECK(e.type == schema::EventType::CUSTOM);
  CHECK(e.custom_name == "deploy");
  CHECK(e.time_us == now_us);
  CHECK(e.duration_us == -1);
  CHECK(e.items_retrieved == -1);
  CHECK_FALSE(e.has_tokens);
  CHECK(e.cost_source == schema::CostSource::NONE);
  CHECK((e.id.high >> 12 & 0xf) == 7);
  CHECK((e.id.high >> 16) == static_cast<std::uint64_t>(now_us / 1000));
  CHECK(e.id != batch.events[1].id);
}

TEST_CASE("event json: a seed of ids makes a repeated request the same events") {
  auto seeded = ctx;
  seeded.id_seed = "default/key-1";
  auto body = R"([{"type":"tool.call","agent_id":"a"},{"type":"tool.call","agent_id":"a"}])";
  auto first = parse_events(body, "", seeded);
  seeded.entropy_low = 77;
  auto second = parse_events(body, "", seeded);
  REQUIRE((first && second));
  CHECK(first->events[0].id == second->events[0].id);
  CHECK(first->events[1].id == second->events[1].id);
  CHECK(first->events[0].id != first->events[1].id);
}

TEST_CASE("event json: each wrong field is refused by its name") {
  struct row {
    std::string_view fields, field, error;
  };
  const std::string long_name(limits::id_bytes_max + 1, 'x');
  const auto long_session = "\"session_id\":\"" + long_name + "\"";
  const row rows[] = {
      {R"("agentId":"x")", "agentId", "did you mean \"agent_id\"?"},
      {R"("timestamp":"x")", "timestamp", "did you mean \"time\"?"},
      {R"("sesion_id":"x")", "sesion_id", "did you mean \"session_id\"?"},
      {R"("my_own":1)", "my_own", "attributes"},
      {R"("model":"a","model":"b")", "model", "twice"},
      {R"("model":null,"model":"b")", "model", "twice"},
      {R"("model":5)", "model", "must be a string"},
      {R"("model":"a\u0000b")", "model", "control"},
      {R"("model":"a\nb")", "model", "control"},
      {R"("error":"a\u0000b")", "error", "NUL"},
      {long_session, "session_id", "longer than 256"},
      {R"("id":"123")", "id", "UUID"},
      {R"("id":"00000000-0000-0000-0000-000000000000")", "id", "UUID"},
      {R"("time":"yesterday")", "time", "RFC 3339"},
      {R"("time":"2026-02-30T00:00:00Z")", "time", "RFC 3339"},
      {R"("time":1769860800)", "time", "milliseconds are meant"},
      {R"("time":1800086400001)", "time", "in the future"},
      {R"("time":-5)", "time", "out of range"},
      {R"("time":true)", "time", "must be a number"},
      {R"("status":"great")", "status", "\"ok\" or \"error\""},
      {R"("duration_ms":-1)", "duration_ms", "negative"},
      {R"("duration_ms":1e300)", "duration_ms", "too large"},
      {R"("duration_ms":"5")", "duration_ms", "must be a number"},
      {R"("cost_usd":-0.1)", "cost_usd", "negative"},
      {R"("cost_usd":1e10)", "cost_usd", "too large"},
      {R"("tokens":5)", "tokens", "must be an object"},
      {R"("tokens":{"input":-1})", "tokens.input", "negative"},
      {R"("tokens":{"output":1.5})", "tokens.output", "whole"},
      {R"("tokens":{"input":1,"input":2})", "tokens.input", "twice"},
      {R"("tokens":{"cached":1})", "tokens", "unknown field \"cached\" in tokens"},
      {R"("latency_by_tier_ms":{"hot":-1})", "latency_by_tier_ms.hot", "negative"},
      {R"("latency_by_tier_ms":{"":1})", "latency_by_tier_ms", "name"},
      {R"("latency_by_tier_ms":[1])", "latency_by_tier_ms", "object"},
      {R"("items_retrieved":1.5)", "items_retrieved", "whole"},
      {R"("attributes":[1])", "attributes", "must be an object"},
      {R"("attributes":{"a":{"b":1,"b":2}})", "attributes", "twice"},
      {R"("attributes":{"n":1e999})", "", "number"},
      {R"("attributes":{"n":123456789012345678901234567890})", "", "number"},
  };
  for (auto& r : rows) {
    auto item = rejected_of(r.fields);
    INFO(r.fields << " -> " << item.error);
    CHECK(item.field == r.field);
    CHECK(item.error.find(r.error) != std::string::npos);
  }
}

TEST_CASE("event json: type and agent_id are required and types are known") {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {R"({"agent_id":"a"})", "type"},
      {R"({"type":null,"agent_id":"a"})", "type"},
      {R"({"type":"llm.call"})", "agent_id"},
      {R"({"type":"llm.call","agent_id":""})", "agent_id"},
      {R"({"type":"llm.cal","agent_id":"a"})", "type"},
      {R"({"type":"custom.","agent_id":"a"})", "type"},
      {R"({"type":"custom.a b","agent_id":"a"})", "type"},
      {R"(5)", ""},
  };
  for (auto& [item, field] : rows) {
    auto batch = parsed("[" + std::string(item) + "]");
    INFO(item);
    REQUIRE(batch.rejected.size() == 1);
    CHECK(batch.rejected[0].field == field);
  }
  CHECK(parsed(R"([{"type":"llm.cal","agent_id":"a"}])").rejected[0].error.find("\"llm.call\"") !=
        std::string::npos);
}

TEST_CASE("event json: one bad item of an array leaves the others") {
  auto deep = R"({"type":"tool.call","agent_id":"a","attributes":{"d":)" + std::string(80, '[') +
              std::string(80, ']') + "}}";
  auto batch = parsed(
      R"( [ {"type":"tool.call","agent_id":"a"} , {"type":"nope","agent_id":"a"},)" + deep +
      R"(,{"type":"tool.call","agent_id":"b","attributes":{"big":1e999}},{"type":"tool.call","agent_id":"c"} ] )");
  REQUIRE(batch.events.size() == 2);
  CHECK(batch.events[0].index == 0);
  CHECK(batch.events[1].index == 4);
  REQUIRE(batch.rejected.size() == 3);
  CHECK(batch.rejected[0].index == 1);
  CHECK(batch.rejected[1].index == 2);
  CHECK(batch.rejected[1].error.find("nested deeper") != std::string::npos);
  CHECK(batch.rejected[2].index == 3);
}

TEST_CASE("event json: a cut surrogate pair is repaired, not refused") {
  auto batch = parsed(
      R"([{"type":"tool.call","agent_id":"a","query":"cut \ud83d"},{"type":"tool.call","agent_id":"b","query":"\ud83d\ude00"}])");
  REQUIRE(batch.events.size() == 2);
  CHECK(batch.events[0].query == "cut \xef\xbf\xbd");
  CHECK(batch.events[1].query == "\xf0\x9f\x98\x80");
}

TEST_CASE("event json: a body that is not JSON fails as a whole and says where") {
  CHECK(failed_of("").find("empty") != std::string::npos);
  CHECK(failed_of("  \n").find("empty") != std::string::npos);
  CHECK(failed_of("[{\"type\":}]").find("byte 9") != std::string::npos);
  CHECK(failed_of("[{\"type\":\"llm.call\",\"agent_id\":\"a\"}").find("ends too early") != std::string::npos);
  CHECK(failed_of("[{} {}]").find("byte 4") != std::string::npos);
  CHECK(failed_of("[{},]").find("byte 4") != std::string::npos);
  CHECK(failed_of("[] x").find("byte 3") != std::string::npos);
  CHECK(failed_of("{} {}").find("byte 3") != std::string::npos);
  CHECK(failed_of("\"text\"").find("neither") != std::string::npos);
  CHECK(failed_of("[{\"a\":\"\xff\"}]").find("byte 7") != std::string::npos);
  CHECK(failed_of("[\"\x01\"]").find("byte 2") != std::string::npos);
  CHECK(failed_of(std::string(5000, '[')).find("byte") != std::string::npos);
  CHECK(parse_events("{}", "text/plain", ctx).error().code == errc::unsupported);
  CHECK(parsed("[]").events.empty());
}

TEST_CASE("event json: a wrong line of NDJSON rejects that line only") {
  auto batch = parsed(
      "{\"type\":\"tool.call\",\"agent_id\":\"a\"}\r\n\n{oops\n  "
      "{\"type\":\"tool.call\",\"agent_id\":\"b\"}  ",
      "application/x-ndjson; charset=utf-8");
  REQUIRE(batch.events.size() == 2);
  CHECK(batch.events[1].index == 2);
  REQUIRE(batch.rejected.size() == 1);
  CHECK(batch.rejected[0].index == 1);
  CHECK(batch.rejected[0].error.find("byte 1") != std::string::npos);
  CHECK(parsed("", "application/x-ndjson").events.empty());
}

TEST_CASE("event json: too many events in one request are refused") {
  std::string body = "[";
  for (std::size_t i = 0; i <= limits::events_per_request_max; ++i) body += i ? ",{}" : "{}";
  auto out = parse_events(body + "]", "", ctx);
  REQUIRE_FALSE(out);
  CHECK(out.error().code == errc::too_large);
}

TEST_CASE("event json: an event that is too large is rejected alone") {
  auto text = std::string(limits::text_bytes_max, 'x');
  auto attributes = std::string(limits::attributes_bytes_max - 8, 'y');
  auto fields = R"({"type":"tool.call","agent_id":"a","query":")" + text + R"(","error":")" + text +
                R"(","attributes":{"a":")" + attributes + R"("}})";
  auto batch = parsed("[" + fields + R"(,{"type":"tool.call","agent_id":"a"}])");
  REQUIRE(batch.events.size() == 2);
  auto entries = cut_batch(batch, {"default", "key1"}, 16);
  REQUIRE(entries.size() == 1);
  CHECK(entries[0].indexes == std::vector<std::uint32_t>{1});
  REQUIRE(batch.rejected.size() == 1);
  CHECK(batch.rejected[0].index == 0);
}

TEST_CASE("event json: times in every form of RFC 3339 are read") {
  CHECK(parse_rfc3339("1970-01-01T00:00:00Z") == 0);
  CHECK(parse_rfc3339("1970-01-01T01:00:00.5+01:00") == 500'000);
  CHECK(parse_rfc3339("1970-01-01 00:00:00.1234567z") == 123'456);
  CHECK(parse_rfc3339("1969-12-31T23:59:60Z") == 0);
  CHECK(parse_rfc3339("2024-02-29T00:00:00-23:59").has_value());
  for (auto wrong :
       {"", "1970", "1970-01-01", "1970-01-01T00:00:00", "1970-01-01T00:00:00.Z", "1970-13-01T00:00:00Z",
        "1970-01-01T24:00:00Z", "1970-01-01T00:00:00ZZ", "1970-01-01T00:00:00+0100"})
    CHECK_FALSE(parse_rfc3339(wrong).has_value());
  std::string out;
  write_rfc3339(1'769'860'800'123'999, out);
  CHECK(out == "2026-01-31T12:00:00.123Z");
}

TEST_CASE("event json: a stored event is shown with its offset, price and arrival") {
  auto batch =
      parsed(R"({"id":"0190b5c4-9d5e-7cc0-8a5e-5f2f3c1d2e4b","type":"custom.x","agent_id":"a\"b","time":0})");
  stored s(batch);
  capnp::MallocMessageBuilder message;
  message.setRoot(s.event());
  auto e = message.getRoot<schema::Event>();
  e.setCostSource(schema::CostSource::PRICED);
  e.setCostNanoUsd(1'500'000'000);
  e.setPriceVersion("2026-11");
  e.setReceivedUs(1000);
  e.setOrg("default");
  std::string out;
  write_event_json(e, event_seq(42), shard_id(3), out);
  CHECK(out ==
        R"({"id":"0190b5c4-9d5e-7cc0-8a5e-5f2f3c1d2e4b","type":"custom.x","time":"1970-01-01T00:00:00.000Z",)"
        R"("agent_id":"a\"b","cost_usd":1.5,"cost_source":"priced","price_version":"2026-11",)"
        R"("received_at":"1970-01-01T00:00:00.001Z","org":"default","offset":"3.42"})");
}

namespace {

// Texts with everything that JSON has to escape, from a seed.
std::string random_text(std::mt19937_64& random, bool control) {
  static constexpr std::string_view pieces[] = {"a",  "\"", "\\",   "é", "\xf0\x9f\x98\x80", "/", " ",
                                                "{}", "\n", "\x01", "\t"};
  std::string out = "t";
  auto count = random() % 6;
  for (std::size_t i = 0; i < count; ++i) out += pieces[random() % (control ? 11 : 8)];
  return out;
}

event_draft random_event(std::mt19937_64& random, parsed_batch& batch) {
  event_draft e;
  auto maybe = [&](std::string_view& out, bool control = false) {
    if (random() % 2) out = batch.texts.keep(random_text(random, control));
  };
  e.id = {random() | 1, random()};
  e.type = static_cast<schema::EventType>(random() % 12);
  if (e.type == schema::EventType::CUSTOM)
    e.custom_name = batch.texts.keep("name." + std::to_string(random() % 100));
  e.status = static_cast<schema::EventStatus>(random() % 3);
  e.time_us = static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(now_us / 1000)) * 1000;
  e.agent_id = batch.texts.keep(random_text(random, false));
  for (auto* text : {&e.session_id, &e.user_id, &e.team, &e.trace_id, &e.span_id, &e.parent_span_id, &e.model,
                     &e.provider, &e.tool, &e.tier, &e.knowledge_id, &e.peer_agent_id})
    maybe(*text);
  maybe(e.error, true);
  maybe(e.query, true);
  if (random() % 2) e.duration_us = static_cast<std::int64_t>(random() % 10'000'000'000);
  if (random() % 2) {
    e.has_tokens = true;
    e.tokens = {static_cast<std::int64_t>(random() % 1'000'000), 5, 3, 2, 1};
  }
  if (random() % 2) {
    e.cost_source = schema::CostSource::REPORTED;
    e.cost_nano_usd = static_cast<std::int64_t>(random() % 100'000'000'000);
  }
  e.tiers_begin = static_cast<std::uint32_t>(batch.tiers.size());
  e.tiers_count = random() % 3;
  for (std::uint32_t i = 0; i < e.tiers_count; ++i)
    batch.tiers.push_back({batch.texts.keep(random_text(random, false) + std::to_string(i)),
                           static_cast<std::int64_t>(random() % 1'000'000)});
  if (random() % 2) e.items_retrieved = static_cast<std::int64_t>(random() % 1000);
  if (random() % 2) e.attributes = R"({"k":[1,-2,3.5,true,null,"x\"y"],"o":{}})";
  return e;
}

}  // namespace

TEST_CASE("event json: what is written is read back as the same event") {
  std::mt19937_64 random(20261120);
  for (int round = 0; round < 2000; ++round) {
    parsed_batch made;
    made.events.push_back(random_event(random, made));
    stored first(made);
    std::string text;
    write_client_event_json(first.event(), text);
    INFO(text);
    auto again = parsed(text);
    REQUIRE(again.rejected.empty());
    stored second(again);
    REQUIRE(second.entries[0].command == first.entries[0].command);
  }
}

TEST_CASE("event json: a number is written so that it is read back as the same number") {
  struct row {
    double value;
    std::string_view text;
  };
  for (auto& r : std::vector<row>{{0, "0"},
                                  {-0.0, "-0.0"},
                                  {1, "1"},
                                  {-2.5, "-2.5"},
                                  {9223372036854775808.0, "9223372036854775808.0"},
                                  {92233720368547758080.0, "92233720368547758080.0"},
                                  {1e300, "1e+300"}}) {
    std::string out;
    json::write_double(r.value, out);
    CHECK(out == r.text);
  }
}

TEST_CASE("event json: mutated bodies never crash and what is taken is written as valid JSON") {
  const std::string seed_body =
      R"([{"type":"llm.call","agent_id":"a","time":"2026-01-31T12:00:00Z","tokens":{"input":10},"attributes":{"x":["\u00e9",{}]}},)"
      R"({"type":"custom.q","agent_id":"b","latency_by_tier_ms":{"hot":1e2},"query":"\ud83d\ude00"}])";
  std::mt19937_64 random(7);
  simdjson::dom::parser checker;
  for (int round = 0; round < 20'000; ++round) {
    auto body = seed_body;
    for (auto edits = 1 + random() % 4; edits > 0; --edits) {
      auto at = random() % body.size();
      switch (random() % 4) {
        case 0: body[at] = static_cast<char>(random()); break;
        case 1: body.erase(at, 1 + random() % 5); break;
        case 2: body.insert(at, 1, "[]{}\",:\\0e\n"[random() % 11]); break;
        default: body.insert(at, body.substr(random() % body.size(), random() % 20)); break;
      }
      if (body.empty()) body = " ";
    }
    auto out = parse_events(body, random() % 2 ? "application/json" : "application/x-ndjson", ctx);
    if (!out) continue;
    for (auto& entry : cut_batch(*out, {"o", "p"}, 16)) {
      message_reader reader(entry.command);
      for (auto event : reader.root<schema::Command>().getBody().getAppendEvents().getEvents()) {
        std::string text;
        write_event_json(event, event_seq(1), shard_id(1), text);
        INFO(body << "\n" << text);
        REQUIRE(checker.parse(text).error() == simdjson::SUCCESS);
      }
    }
  }
}

TEST_CASE("ingest json: eight megabytes of blank lines are read once") {
  // Read again for each line they would keep a thread for hours.
  for (std::string_view blank : {"\n", "\r\n", " \n\t\n"}) {
    std::string body;
    while (body.size() < 8 * 1024 * 1024) body += blank;
    body += R"({"type":"custom.x","agent_id":"a"})";
    CHECK(parsed(body, "application/x-ndjson").events.size() == 1);
  }
}
