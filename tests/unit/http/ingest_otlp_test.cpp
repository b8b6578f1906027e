// The wire of OTLP: both forms, ids, partial success, errors, bounds, and damage.
#include <google/protobuf/util/json_util.h>
#include <simdjson.h>
#include <catch2/catch_test_macros.hpp>

#include <random>

#include "http/ingest/batcher.hpp"
#include "http/ingest/event_json.hpp"
#include "http/ingest/otlp/otlp.hpp"
#include "http/ingest/otlp/signals.hpp"
#include "protocol/limits.hpp"
#include "protocol/message.hpp"
#include "protocol/schema/command.capnp.h"
#include "tests/unit/http/ingest_otlp_payload.hpp"

using namespace troupe;
using namespace troupe::ingest;
using namespace troupe::ingest::test;

namespace {

const context ctx{.now_us = 1'800'000'000'000'000};

parsed_batch read(otlp::signal what, const std::string& body, otlp::wire form = otlp::wire::json) {
  auto out = otlp::parse(what, body, form, ctx);
  if (!out) FAIL(out.error().detail);
  return std::move(*out);
}

std::string metrics_json() {
  return R"({"resourceMetrics":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"svc"}}]},
    "scopeMetrics":[{"metrics":[
      {"name":"requests","unit":"1","sum":{"aggregationTemporality":2,"isMonotonic":true,"dataPoints":[
        {"asInt":"42","timeUnixNano":"1700000000000000000"},{"asDouble":1.5,"timeUnixNano":1700000000000000000}]}},
      {"name":"gen_ai.client.token.usage","histogram":{"dataPoints":[{"count":"2","sum":30,"min":10,"max":20,
        "bucketCounts":["1","1"],"explicitBounds":[15],"timeUnixNano":"1700000000000000000",
        "attributes":[{"key":"gen_ai.agent.name","value":{"stringValue":"planner"}}]}]}},
      {"name":"empty"}]}]}]})";
}

}  // namespace

TEST_CASE("otlp: a sender's attribute with a name of ours does not make the object ambiguous") {
  auto long_key = std::string(300, 'k');
  auto batch = read(otlp::signal::traces, trace_json({span_json(1, 0, "work",
                                                                {{"resource.service.name", "\"forged\""},
                                                                 {"otel.name", "\"forged\""},
                                                                 {"otel.dropped_attributes", "7"},
                                                                 {long_key + "1", "1"},
                                                                 {long_key + "2", "2"},
                                                                 {"own", "\"kept\""}})},
                                                     {{"service.name", "\"svc\""}}));
  REQUIRE(batch.events.size() == 1);
  CHECK(batch.events[0].attributes ==
        R"({"otel.name":"work","otel.scope":"test","resource.service.name":"svc",")" +
            long_key.substr(0, 256) + R"(":1,"own":"kept"})");
}

TEST_CASE("otlp: protobuf and JSON of the same spans give the same events") {
  auto json = trace_json(
      {span_json(0xabc, 0xdef, "chat m", {{"gen_ai.operation.name", "\"chat\""}, {"n", "5"}, {"b", "true"}},
                 ",\"unknownField\":{\"x\":1}")},
      {{"service.name", "\"svc\""}});
  otlp::trace_request request;
  auto* group = request.add_resource_spans();
  auto set = [](auto* entry, const char* key, const char* text) {
    entry->set_key(key);
    entry->mutable_value()->set_string_value(text);
  };
  set(group->mutable_resource()->add_attributes(), "service.name", "svc");
  auto* scope = group->add_scope_spans();
  scope->mutable_scope()->set_name("test");
  auto* span = scope->add_spans();
  span->set_trace_id(std::string(15, '\0') + '\1');
  span->set_span_id(std::string(6, '\0') + "\x0a\xbc");
  span->set_parent_span_id(std::string(6, '\0') + "\x0d\xef");
  span->set_name("chat m");
  span->set_start_time_unix_nano(1'700'000'000'000'000'000);
  span->set_end_time_unix_nano(1'700'000'001'500'000'000);
  set(span->add_attributes(), "gen_ai.operation.name", "chat");
  auto* n = span->add_attributes();
  n->set_key("n");
  n->mutable_value()->set_int_value(5);
  auto* b = span->add_attributes();
  b->set_key("b");
  b->mutable_value()->set_bool_value(true);

  auto from_json = read(otlp::signal::traces, json);
  auto from_protobuf = read(otlp::signal::traces, request.SerializeAsString(), otlp::wire::protobuf);
  auto left = cut_batch(from_json, {"o", "k"}, 16), right = cut_batch(from_protobuf, {"o", "k"}, 16);
  REQUIRE(left.size() == 1);
  REQUIRE(right.size() == 1);
  CHECK(left[0].command == right[0].command);
  CHECK(from_json.events[0].span_id == "0000000000000abc");
  CHECK(
      from_json.events[0].attributes ==
      R"({"otel.name":"chat m","otel.scope":"test","resource.service.name":"svc","gen_ai.operation.name":"chat","n":5,"b":true})");
}

TEST_CASE("otlp: a resent request gives the same ids, another one does not") {
  auto spans = trace_json({span_json(1, 0, "a", {}), span_json(2, 0, "b", {})});
  auto first = read(otlp::signal::traces, spans), again = read(otlp::signal::traces, spans);
  CHECK(first.events[0].id == again.events[0].id);
  CHECK(first.events[0].id != first.events[1].id);
  auto logs = logs_json({log_json("x", {}), log_json("x", {})});
  CHECK(read(otlp::signal::logs, logs).events[1].id == read(otlp::signal::logs, logs).events[1].id);
  CHECK(read(otlp::signal::logs, logs).events[0].id != read(otlp::signal::logs, logs).events[1].id);
  CHECK(read(otlp::signal::logs, logs).events[0].id != read(otlp::signal::logs, logs + " ").events[0].id);
}

TEST_CASE("otlp: metric points become events without tokens") {
  auto batch = read(otlp::signal::metrics, metrics_json());
  REQUIRE(batch.events.size() == 3);
  for (auto& e : batch.events) {
    CHECK(e.type == schema::EventType::CUSTOM);
    CHECK(e.custom_name == "metric");
    CHECK_FALSE(e.has_tokens);
    CHECK(e.time_us == 1'700'000'000'000'000);
  }
  CHECK(
      batch.events[0].attributes ==
      R"({"otel.name":"requests","otel.unit":"1","otel.metric":"sum","otel.value":42,"resource.service.name":"svc"})");
  CHECK(batch.events[2].agent_id == "planner");
  CHECK(batch.events[2].attributes.find(R"("otel.bounds":[15],"otel.bucket_counts":[1,1])") !=
        std::string_view::npos);
}

TEST_CASE("otlp: spans that cannot be events are refused alone") {
  auto bad_id = R"({"traceId":"00000000000000000000000000000000","spanId":"0000000000000001","name":"x"})";
  auto short_id = R"({"traceId":"0000000000000000000000000000000a","spanId":"00000001","name":"x"})";
  auto late =
      R"({"traceId":"0000000000000000000000000000000a","spanId":"0000000000000001","endTimeUnixNano":"1900000000000000000"})";
  auto batch = read(otlp::signal::traces, trace_json({bad_id, span_json(1, 0, "good", {}), short_id, late}));
  REQUIRE(batch.events.size() == 1);
  CHECK(batch.events[0].index == 1);
  REQUIRE(batch.rejected.size() == 3);
  CHECK(batch.rejected[0].field == "trace_id");
  CHECK(batch.rejected[1].field == "span_id");
  CHECK(batch.rejected[2].field == "end_time_unix_nano");
  auto summary = otlp::summary_of(batch.rejected);
  CHECK(summary.find("trace_id") != std::string::npos);
  CHECK(summary.find("hours in the future") != std::string::npos);
}

TEST_CASE("otlp: long prompts are cut with a mark and attributes stay within bounds") {
  std::vector<attribute> attributes = {{"gen_ai.operation.name", "\"chat\""}};
  for (int i = 0; i < 40; ++i)
    attributes.push_back(
        {"prompt." + std::to_string(i), "\"" + std::string(20'000, static_cast<char>('a' + i % 26)) + "\""});
  attributes.push_back({"prompt.0", "\"twice\""});
  auto batch = read(otlp::signal::traces, trace_json({span_json(1, 0, "chat", attributes)}));
  REQUIRE(batch.events.size() == 1);
  auto text = batch.events[0].attributes;
  CHECK(text.size() <= limits::attributes_bytes_max);
  CHECK(text.find("[cut: 20000 bytes]") != text.npos);
  CHECK(text.find("prompt.39") != text.npos);
  CHECK(text.find("twice") == text.npos);
  simdjson::dom::parser parser;
  CHECK(parser.parse(std::string(text)).error() == simdjson::SUCCESS);
  CHECK(cut_batch(batch, {"o", "k"}, 16).size() == 1);
}

TEST_CASE("otlp: names from telemetry are cleaned, not refused") {
  auto batch =
      read(otlp::signal::traces, trace_json({span_json(1, 0, "x",
                                                       {{"gen_ai.agent.name", "\"a\\u0000b\\nc\""},
                                                        {"session.id", "\"" + std::string(500, 's') + "\""},
                                                        {"user.id", "\"cut \\ud83d\""}})}));
  REQUIRE(batch.events.size() == 1);
  CHECK(batch.events[0].agent_id == "a b c");
  CHECK(batch.events[0].session_id.size() == limits::id_bytes_max);
  CHECK(batch.events[0].user_id == "cut \xef\xbf\xbd");
}

TEST_CASE("otlp: half a surrogate pair in protobuf is repaired, other broken text is refused") {
  otlp::log_request request;
  auto* record = request.add_resource_logs()->add_scope_logs()->add_log_records();
  record->mutable_body()->set_string_value("cut ###");
  auto body = request.SerializeAsString();
  auto at = body.find("###");
  auto batch =
      read(otlp::signal::logs, std::string(body).replace(at, 3, "\xed\xa0\xbd"), otlp::wire::protobuf);
  CHECK(batch.events[0].attributes == "{\"otel.body\":\"cut \xef\xbf\xbd\"}");
  CHECK_FALSE(otlp::parse(otlp::signal::logs, std::string(body).replace(at, 3, "\xff\xff\xff"),
                          otlp::wire::protobuf, ctx));
}

TEST_CASE("otlp: bodies that are no requests fail as a whole") {
  CHECK(otlp::parse(otlp::signal::traces, "{", otlp::wire::json, ctx).error().detail.find("byte 1") !=
        std::string::npos);
  CHECK_FALSE(otlp::parse(otlp::signal::traces, "[]", otlp::wire::json, ctx));
  CHECK_FALSE(otlp::parse(otlp::signal::traces, R"({"resourceSpans":5})", otlp::wire::json, ctx));
  CHECK_FALSE(otlp::parse(otlp::signal::logs, std::string(3, '\xff'), otlp::wire::protobuf, ctx));
  CHECK(read(otlp::signal::traces, "{}").events.empty());
  CHECK(read(otlp::signal::metrics, "", otlp::wire::protobuf).events.empty());
  CHECK(*otlp::wire_of("application/json; charset=utf-8") == otlp::wire::json);
  CHECK(*otlp::wire_of("application/x-protobuf") == otlp::wire::protobuf);
  CHECK(otlp::wire_of("text/plain").error().code == errc::unsupported);
}

TEST_CASE("otlp: answers are what the protocol's own messages read") {
  using opentelemetry::proto::collector::trace::v1::ExportTraceServiceResponse;
  ExportTraceServiceResponse response;
  CHECK(otlp::encode_response(otlp::signal::traces, 0, "", otlp::wire::protobuf).empty());
  CHECK(otlp::encode_response(otlp::signal::traces, 0, "", otlp::wire::json) == "{}");
  REQUIRE(response.ParseFromString(
      otlp::encode_response(otlp::signal::traces, 300, "why", otlp::wire::protobuf)));
  CHECK(response.partial_success().rejected_spans() == 300);
  CHECK(response.partial_success().error_message() == "why");
  response.Clear();
  auto json = otlp::encode_response(otlp::signal::traces, 7, "a \"b\"", otlp::wire::json);
  REQUIRE(google::protobuf::util::JsonStringToMessage(json, &response).ok());
  CHECK(response.partial_success().rejected_spans() == 7);
  CHECK(otlp::encode_error(errc::invalid_argument, "bad", otlp::wire::json) ==
        R"({"code":3,"message":"bad"})");
  CHECK(otlp::encode_error(errc::unavailable, "later", otlp::wire::protobuf) == "\x08\x0e\x12\x05later");
}

TEST_CASE("otlp: damaged bodies never crash and what is taken is valid") {
  auto json = trace_json(
      {span_json(1, 0, "invoke_agent x", {{"gen_ai.operation.name", "\"invoke_agent\""}}),
       span_json(2, 1, "chat", {{"gen_ai.operation.name", "\"chat\""}, {"gen_ai.usage.input_tokens", "5"}}),
       span_json(2, 2, "loop", {{"metadata", "\"{}\""}})},
      {{"service.name", "\"s\""}});
  otlp::log_request logs;
  auto* record = logs.add_resource_logs()->add_scope_logs()->add_log_records();
  record->mutable_body()->set_string_value("claude_code.api_request");
  auto* entry = record->add_attributes();
  entry->set_key("input_tokens");
  entry->mutable_value()
      ->mutable_kvlist_value()
      ->add_values()
      ->mutable_value()
      ->mutable_array_value()
      ->add_values()
      ->set_double_value(1);
  const std::tuple<otlp::signal, otlp::wire, std::string> seeds[] = {
      {otlp::signal::traces, otlp::wire::json, json},
      {otlp::signal::metrics, otlp::wire::json, metrics_json()},
      {otlp::signal::logs, otlp::wire::protobuf, logs.SerializeAsString()},
  };
  std::mt19937_64 random(11);
  simdjson::dom::parser checker;
  int taken = 0;
  for (int round = 0; round < 6'000; ++round) {
    auto [what, form, body] = seeds[round % 3];
    for (auto edits = random() % 4; edits > 0; --edits) {
      auto at = random() % body.size();
      switch (random() % 3) {
        case 0: body[at] = static_cast<char>(random()); break;
        case 1: body.erase(at, 1 + random() % 3); break;
        default: body.insert(at, 1, static_cast<char>(random())); break;
      }
      if (body.empty()) body = " ";
    }
    auto out = otlp::parse(what, body, form, ctx);
    if (!out) continue;
    for (auto& cut : cut_batch(*out, {"o", "p"}, 16)) {
      message_reader reader(cut.command);
      for (auto event : reader.root<schema::Command>().getBody().getAppendEvents().getEvents()) {
        std::string text;
        write_client_event_json(event, text);
        REQUIRE(checker.parse(text).error() == simdjson::SUCCESS);
        auto again = parse_events(text, "", ctx);
        INFO(text);
        REQUIRE(again);
        REQUIRE(again->rejected.empty());
        ++taken;
      }
    }
  }
  CHECK(taken > 1'000);
}
