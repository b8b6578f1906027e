// Price tables and what calls cost.
#include "http/ingest/pricing.hpp"

#include <catch2/catch_test_macros.hpp>

#include "http/ingest/event_json.hpp"
#include "http/ingest/time_text.hpp"

using namespace troupe;
using namespace troupe::ingest;

namespace {

price_table table_of(std::string_view prices) {
  auto table = price_table::parse(R"({"version":"v1","prices":[)" + std::string(prices) + "]}");
  if (!table) FAIL(table.error().detail);
  return std::move(*table);
}

std::string refused(std::string_view text) {
  auto table = price_table::parse(text);
  REQUIRE_FALSE(table);
  return table.error().detail;
}

}  // namespace

TEST_CASE("pricing: cached tokens are priced once, in integers") {
  auto table = table_of(R"({"model":"m","input":3,"output":15,"cache_read":0.3,"cache_write":3.75})");
  auto& rule = table.rules()[0];
  CHECK(cost_nano_usd({1000, 200, 600, 100, 50}, rule) == 300 * 3000 + 600 * 300 + 100 * 3750 + 200 * 15000);
  CHECK(cost_nano_usd({10, 0, 600, 0, 0}, rule) == 600 * 300);  // never below nothing
  CHECK(cost_nano_usd({}, rule) == 0);
  auto tiny = table_of(R"({"model":"m","input":0.0005,"output":0})");
  CHECK(cost_nano_usd({1, 0, 0, 0, 0}, tiny.rules()[0]) == 1);  // half a nano USD rounds up
  CHECK(cost_nano_usd({1'000'000'000'000'000, 0, 0, 0, 0}, rule) == 3'000'000'000'000'000'000);
}

TEST_CASE("pricing: the first rule that fits provider, model and time counts") {
  auto table = table_of(R"({"provider":"local*","model":"*","none":true},
    {"model":"gpt-5","until":"2026-01-01","input":1,"output":2},{"model":"gpt-5","from":"2026-01-01","input":3,"output":4},
    {"model":"*claude-?-x*","input":5,"output":6})");
  auto at = [](std::string_view day) { return *parse_rfc3339(std::string(day).append("T00:00:00Z")); };
  CHECK(table.find("openai", "gpt-5", at("2025-12-31"))->prices.input == 1'000'000'000);
  CHECK(table.find("openai", "GPT-5", at("2026-01-01"))->prices.input == 3'000'000'000);
  CHECK(table.find("", "openai/gpt-5", at("2026-01-01"))->prices.output == 4'000'000'000);
  CHECK(table.find("Local-7", "gpt-5", at("2026-01-01"))->none);
  CHECK(table.find("bedrock", "us.anthropic.claude-3-x-v1:0", 0)->prices.input == 5'000'000'000);
  CHECK(table.find("openai", "gpt-5-turbo", at("2026-01-01")) == nullptr);
}

TEST_CASE("pricing: a long prompt is priced by its own tier") {
  auto table =
      table_of(R"({"model":"m","input":1,"output":2,"long_prompt":{"above":100,"input":10,"output":20}})");
  CHECK(cost_nano_usd({100, 1, 0, 0, 0}, table.rules()[0]) == 100 * 1000 + 2000);
  CHECK(cost_nano_usd({101, 1, 0, 0, 0}, table.rules()[0]) == 101 * 10000 + 20000);
}

TEST_CASE("pricing: a reported cost wins and an unknown model has none") {
  auto table = table_of(R"({"model":"m","input":1,"output":2})");
  auto batch = parse_events(R"([{"type":"llm.call","agent_id":"a","model":"m","tokens":{"input":10}},
    {"type":"llm.call","agent_id":"a","model":"m","tokens":{"input":10},"cost_usd":0.5},
    {"type":"llm.call","agent_id":"a","model":"other","tokens":{"input":10}},
    {"type":"llm.call","agent_id":"a","model":"m"}])",
                            "", context{.now_us = 1, .prices = &table});
  REQUIRE(batch);
  auto& e = batch->events;
  CHECK(e[0].cost_nano_usd == 10'000);
  CHECK(e[0].cost_source == schema::CostSource::PRICED);
  CHECK(e[0].price_version == "v1");
  CHECK(e[1].cost_nano_usd == 500'000'000);
  CHECK(e[1].cost_source == schema::CostSource::REPORTED);
  CHECK(e[2].cost_source == schema::CostSource::NONE);
  CHECK(e[3].cost_source == schema::CostSource::NONE);
}

TEST_CASE("pricing: mistakes in a table are named with their place") {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"{", "byte 1"},
      {"[]", "must be a JSON object"},
      {R"({"prices":[]})", "version: is required"},
      {R"({"version":"v"})", "prices: is required"},
      {R"({"version":"v","prices":[],"curency":"USD"})", "did you mean \"currency\""},
      {R"({"version":"v","currency":"EUR","prices":[]})", "must be \"USD\""},
      {R"({"version":"v","prices":[5]})", "prices[0]: must be an object"},
      {R"({"version":"v","prices":[{"input":1,"output":1}]})", "prices[0].model: is required"},
      {R"({"version":"v","prices":[{"model":"m","output":1}]})", "prices[0].input: is required"},
      {R"({"version":"v","prices":[{"model":"m","input":-1,"output":1}]})",
       "prices[0].input: must be a number"},
      {R"({"version":"v","prices":[{"model":"m","input":"1","output":1}]})",
       "prices[0].input: must be a number"},
      {R"({"version":"v","prices":[{"model":"m","inptu":1,"output":1}]})", "did you mean \"input\""},
      {R"({"version":"v","prices":[{"model":"m","input":1,"output":1,"from":"soon"}]})",
       "prices[0].from: must be a date"},
      {R"({"version":"v","prices":[{"model":"m","input":1,"output":1,"from":"2026-01-02","until":"2026-01-01"}]})",
       "prices[0].until"},
      {R"({"version":"v","prices":[{"model":"m","input":1,"output":1,"long_prompt":{"input":1,"output":1}}]})",
       "long_prompt.above"},
  };
  for (auto& [text, expected] : rows) {
    auto error = refused(text);
    INFO(text << " -> " << error);
    CHECK(error.find(expected) != std::string::npos);
  }
  CHECK(price_table::load("/nowhere/prices.json").error().detail.find("/nowhere/prices.json") !=
        std::string::npos);
}

TEST_CASE("pricing: the table that is compiled in knows well-known models") {
  auto& table = price_table::built_in();
  const std::int64_t now = *parse_rfc3339("2026-11-20T00:00:00Z");
  const std::pair<std::string_view, double> rows[] = {{"gpt-4o-mini-2024-07-18", 0.15},
                                                      {"gpt-5", 1.25},
                                                      {"claude-sonnet-4-5-20250929", 3},
                                                      {"claude-opus-4-1", 15},
                                                      {"us.anthropic.claude-3-5-haiku-20241022-v1:0", 0.8},
                                                      {"models/gemini-2.5-flash", 0.3},
                                                      {"gemini-2.5-flash-lite", 0.1}};
  for (auto& [model, input] : rows) {
    auto* rule = table.find("any", model, now);
    INFO(model);
    REQUIRE(rule);
    CHECK(rule->prices.input == static_cast<std::int64_t>(input * 1e9 + 0.5));
  }
  CHECK(table.find("any", "mock-model-id", now)->none);
  CHECK(table.find("any", "no-such-model", now) == nullptr);
}
