// Each dialect of GenAI telemetry, with tokens and cost computed by hand.
#include <catch2/catch_test_macros.hpp>

#include "http/ingest/otlp/otlp.hpp"
#include "http/ingest/pricing.hpp"
#include "tests/unit/http/ingest_otlp_payload.hpp"

using namespace troupe;
using namespace troupe::ingest;
using namespace troupe::ingest::test;
using schema::EventType;

namespace {

constexpr std::int64_t now_us = 1'800'000'000'000'000;

// 2 USD in, 10 out, 0.2 from the cache, 2.5 into it, per 1M tokens: 2000, 10000, 200 and 2500 nano USD a token.
const price_table& table() {
  static const auto parsed =
      price_table::parse(R"({"version":"t1","prices":[{"model":"mock-*","none":true},)"
                         R"({"model":"m*","input":2,"output":10,"cache_read":0.2,"cache_write":2.5}]})");
  return *parsed;
}

parsed_batch read(otlp::signal what, const std::string& body) {
  auto out = otlp::parse(what, body, otlp::wire::json, context{.now_us = now_us, .prices = &table()});
  INFO(body);
  if (!out) FAIL(out.error().detail);
  CHECK(out->rejected.empty());
  return std::move(*out);
}

token_counts sum_of(const parsed_batch& batch) {
  token_counts sum;
  for (auto& e : batch.events)
    if (e.has_tokens) sum.add(e.tokens);
  return sum;
}

std::int64_t cost_of(const parsed_batch& batch) {
  std::int64_t sum = 0;
  for (auto& e : batch.events) sum += e.cost_nano_usd;
  return sum;
}

bool same(const token_counts& a, const token_counts& b) {
  return a.input == b.input && a.output == b.output && a.cache_read == b.cache_read &&
         a.cache_write == b.cache_write && a.reasoning == b.reasoning;
}

}  // namespace

TEST_CASE("genai: an agent's run counts the tokens of its calls once") {
  auto batch =
      read(otlp::signal::traces, trace_json({span_json(1, 0, "invoke_agent planner",
                                                       {{"gen_ai.operation.name", "\"invoke_agent\""},
                                                        {"gen_ai.agent.name", "\"planner\""},
                                                        {"gen_ai.conversation.id", "\"c1\""},
                                                        {"gen_ai.usage.input_tokens", "300"},
                                                        {"gen_ai.usage.output_tokens", "60"}}),
                                             span_json(2, 1, "chat m1",
                                                       {{"gen_ai.operation.name", "\"chat\""},
                                                        {"gen_ai.provider.name", "\"openai\""},
                                                        {"gen_ai.request.model", "\"m1\""},
                                                        {"gen_ai.response.model", "\"m1-2026\""},
                                                        {"gen_ai.usage.input_tokens", "\"100\""},
                                                        {"gen_ai.usage.output_tokens", "20"},
                                                        {"gen_ai.usage.cache_read.input_tokens", "40"},
                                                        {"gen_ai.usage.cache_write.input_tokens", "10"},
                                                        {"gen_ai.usage.reasoning.output_tokens", "5"}}),
                                             span_json(3, 1, "execute_tool search",
                                                       {{"gen_ai.operation.name", "\"execute_tool\""},
                                                        {"gen_ai.tool.name", "\"search\""}}),
                                             span_json(4, 1, "chat m1",
                                                       {{"gen_ai.operation.name", "\"chat\""},
                                                        {"gen_ai.system", "\"openai\""},
                                                        {"gen_ai.request.model", "\"m1\""},
                                                        {"gen_ai.usage.prompt_tokens", "200"},
                                                        {"gen_ai.usage.completion_tokens", "40"}})},
                                            {{"service.name", "\"svc\""}}));
  REQUIRE(batch.events.size() == 4);
  auto& run = batch.events[0];
  CHECK(run.type == EventType::EXECUTION_COMPLETED);
  CHECK_FALSE(run.has_tokens);
  CHECK(run.attributes.find("\"gen_ai.usage.input_tokens\":300") != run.attributes.npos);
  auto& call = batch.events[1];
  CHECK(call.type == EventType::LLM_CALL);
  CHECK(call.agent_id == "planner");
  CHECK(call.session_id == "c1");
  CHECK(call.model == "m1-2026");
  CHECK(call.provider == "openai");
  CHECK(call.status == schema::EventStatus::OK);
  CHECK(call.duration_us == 1'500'000);
  CHECK(call.time_us == 1'700'000'001'500'000);
  CHECK(call.trace_id == hex_id(1, 32));
  CHECK(call.parent_span_id == hex_id(1, 16));
  // (100 - 40 - 10) * 2000 + 40 * 200 + 10 * 2500 + 20 * 10000
  CHECK(call.cost_nano_usd == 100'000 + 8'000 + 25'000 + 200'000);
  CHECK(call.cost_source == schema::CostSource::PRICED);
  CHECK(call.price_version == "t1");
  CHECK(batch.events[2].type == EventType::TOOL_CALL);
  CHECK(batch.events[2].tool == "search");
  CHECK(same(sum_of(batch), {300, 60, 40, 10, 5}));
  CHECK(cost_of(batch) == 333'000 + 200 * 2000 + 40 * 10000);
}

TEST_CASE("genai: the AI SDK's outer spans repeat what its calls report") {
  auto usage = [](int in, int out) {
    return std::vector<attribute>{{"ai.usage.inputTokens", std::to_string(in)},
                                  {"ai.usage.outputTokens", std::to_string(out)}};
  };
  auto with = [](std::vector<attribute> a, std::vector<attribute> b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
  };
  std::vector<attribute> base = {{"ai.telemetry.functionId", "\"weather-bot\""},
                                 {"ai.model.id", "\"mini\""},
                                 {"ai.model.provider", "\"openai.chat\""},
                                 {"ai.telemetry.metadata.sessionId", "\"s9\""}};
  auto batch = read(
      otlp::signal::traces,
      trace_json({span_json(1, 0, "ai.generateText",
                            with(with(base, {{"ai.operationId", "\"ai.generateText\""}}), usage(30, 12))),
                  span_json(2, 1, "ai.generateText.doGenerate",
                            with(with(base, {{"ai.operationId", "\"ai.generateText.doGenerate\""},
                                             {"gen_ai.system", "\"openai.chat\""},
                                             {"gen_ai.request.model", "\"mini\""},
                                             {"gen_ai.usage.input_tokens", "10"},
                                             {"gen_ai.usage.output_tokens", "5"}}),
                                 usage(10, 5))),
                  span_json(3, 1, "ai.toolCall",
                            {{"ai.operationId", "\"ai.toolCall\""}, {"ai.toolCall.name", "\"weather\""}}),
                  span_json(4, 1, "ai.generateText.doGenerate",
                            with(with(base, {{"ai.operationId", "\"ai.generateText.doGenerate\""},
                                             {"ai.usage.reasoningTokens", "3"},
                                             {"ai.usage.cachedInputTokens", "8"}}),
                                 usage(20, 7)))}));
  REQUIRE(batch.events.size() == 4);
  CHECK(batch.events[0].type == EventType::EXECUTION_COMPLETED);
  CHECK(batch.events[1].type == EventType::LLM_CALL);
  CHECK(batch.events[2].type == EventType::TOOL_CALL);
  CHECK(batch.events[2].tool == "weather");
  CHECK(batch.events[2].agent_id == "weather-bot");
  CHECK(batch.events[2].session_id == "s9");
  CHECK(batch.events[3].model == "mini");
  CHECK(same(sum_of(batch), {30, 12, 8, 0, 3}));
  // 30 - 8 fresh, 8 cached, 12 out
  CHECK(cost_of(batch) == 22 * 2000 + 8 * 200 + 12 * 10000);
}

TEST_CASE("genai: the AI SDK's own OpenTelemetry spans count exactly") {
  auto embeddings = [](unsigned id, unsigned parent, std::vector<attribute> more) {
    more.push_back({"gen_ai.operation.name", "\"embeddings\""});
    more.push_back({"gen_ai.request.model", "\"m-embed\""});
    return span_json(id, parent, "embeddings m-embed", more);
  };
  auto batch = read(otlp::signal::traces,
                    trace_json({embeddings(1, 0, {}), embeddings(2, 1, {{"gen_ai.usage.input_tokens", "7"}}),
                                embeddings(3, 1, {{"gen_ai.usage.input_tokens", "8"}}),
                                span_json(4, 0, "invoke_agent mock-model-id",
                                          {{"gen_ai.operation.name", "\"invoke_agent\""},
                                           {"gen_ai.usage.input_tokens", "5"},
                                           {"gen_ai.usage.output_tokens", "6"}}),
                                span_json(5, 4, "step 1", {{"gen_ai.operation.name", "\"agent_step\""}}),
                                span_json(6, 5, "chat mock-model-id",
                                          {{"gen_ai.operation.name", "\"chat\""},
                                           {"gen_ai.request.model", "\"mock-model-id\""},
                                           {"gen_ai.usage.input_tokens", "5"},
                                           {"gen_ai.usage.output_tokens", "6"}})}));
  REQUIRE(batch.events.size() == 6);
  CHECK(batch.events[0].type == EventType::CUSTOM);  // the outer span of two calls
  CHECK(batch.events[1].type == EventType::LLM_CALL);
  CHECK(batch.events[4].custom_name == "span");
  CHECK(same(sum_of(batch), {20, 6, 0, 0, 0}));
  CHECK(batch.events[5].cost_source == schema::CostSource::NONE);  // a mock costs nothing
  CHECK(cost_of(batch) == 15 * 2000);
}

TEST_CASE("genai: OpenInference spans map by their kind") {
  auto kind = [](std::string_view name) {
    return attribute{"openinference.span.kind", "\"" + std::string(name) + "\""};
  };
  auto batch =
      read(otlp::signal::traces,
           trace_json({span_json(1, 0, "graph",
                                 {kind("CHAIN"),
                                  {"session.id", "\"s1\""},
                                  {"user.id", "\"u1\""},
                                  {"llm.token_count.prompt", "999"}}),
                       span_json(2, 1, "researcher", {kind("AGENT"), {"agent.name", "\"researcher\""}}),
                       span_json(3, 2, "llm",
                                 {kind("LLM"),
                                  {"llm.model_name", "\"m2\""},
                                  {"llm.provider", "\"anthropic\""},
                                  {"llm.token_count.prompt", "100"},
                                  {"llm.token_count.completion", "50"},
                                  {"llm.token_count.prompt_details.cache_read", "60"},
                                  {"llm.token_count.completion_details.reasoning", "20"}}),
                       span_json(4, 3, "openai",
                                 {kind("LLM"),
                                  {"llm.model_name", "\"m2\""},
                                  {"llm.token_count.prompt", "100"},
                                  {"llm.token_count.completion", "50"},
                                  {"llm.token_count.prompt_details.cache_read", "60"}}),
                       span_json(5, 2, "find",
                                 {kind("RETRIEVER"),
                                  {"input.value", "\"why?\""},
                                  {"retrieval.documents.0.document.id", "\"a\""},
                                  {"retrieval.documents.0.document.score", "0.5"},
                                  {"retrieval.documents.1.document.id", "\"b\""}}),
                       span_json(6, 2, "calc", {kind("TOOL"), {"tool.name", "\"calculator\""}}),
                       span_json(7, 2, "guard", {kind("GUARDRAIL")}),
                       span_json(8, 2, "embed",
                                 {kind("EMBEDDING"),
                                  {"embedding.model_name", "\"m3\""},
                                  {"llm.token_count.prompt", "9"},
                                  {"llm.cost.total", "0.5"}}),
                       span_json(9, 1, "inner",
                                 {kind("CHAIN"), {"metadata", "\"{\\\"agent_name\\\":\\\"meta\\\"}\""}})}));
  REQUIRE(batch.events.size() == 9);
  auto& e = batch.events;
  CHECK(e[0].type == EventType::EXECUTION_COMPLETED);
  CHECK(e[1].type == EventType::EXECUTION_COMPLETED);
  CHECK(e[2].type == EventType::CUSTOM);  // the same call is reported by the span below
  CHECK_FALSE(e[2].has_tokens);
  CHECK(e[3].type == EventType::LLM_CALL);
  CHECK(e[3].agent_id == "researcher");
  CHECK(e[3].session_id == "s1");
  CHECK(e[3].user_id == "u1");
  CHECK(e[4].type == EventType::KNOWLEDGE_ACCESS);
  CHECK(e[4].query == "why?");
  CHECK(e[4].items_retrieved == 2);
  CHECK(e[5].tool == "calculator");
  CHECK(e[6].type == EventType::CUSTOM);
  CHECK(e[7].cost_source == schema::CostSource::REPORTED);
  CHECK(e[7].cost_nano_usd == 500'000'000);
  CHECK(e[8].type == EventType::CUSTOM);
  CHECK(e[8].agent_id == "meta");
  CHECK(same(sum_of(batch), {109, 50, 60, 0, 0}));
}

TEST_CASE("genai: what a tool asks of a model is a call of its own") {
  std::vector<attribute> chat = {{"gen_ai.operation.name", "\"chat\""},
                                 {"gen_ai.request.model", "\"m1\""},
                                 {"gen_ai.usage.input_tokens", "10"},
                                 {"gen_ai.usage.output_tokens", "1"}};
  auto batch =
      read(otlp::signal::traces,
           trace_json({span_json(1, 0, "chat", chat),
                       span_json(2, 1, "execute_tool x", {{"gen_ai.operation.name", "\"execute_tool\""}}),
                       span_json(3, 2, "chat", chat)}));
  CHECK(same(sum_of(batch), {20, 2, 0, 0, 0}));
}

TEST_CASE("genai: cached tokens that are reported beside the input are added to it") {
  struct row {
    std::vector<attribute> attributes;
    token_counts expected;
  };
  const attribute generate{"ai.operationId", "\"ai.generateText.doGenerate\""};
  const attribute chat{"gen_ai.operation.name", "\"chat\""};
  const row rows[] = {
      // the AI SDK before version 6, on Anthropic: its numbers exclude the cache
      {{generate,
        {"ai.model.provider", "\"anthropic.messages\""},
        {"ai.usage.inputTokens", "10"},
        {"ai.usage.outputTokens", "5"},
        {"ai.usage.cachedInputTokens", "100"},
        {"ai.response.providerMetadata", "\"{\\\"anthropic\\\":{\\\"cacheCreationInputTokens\\\":50}}\""}},
       {160, 5, 100, 50, 0}},
      // the same from version 6 on: the details say that the input is the sum
      {{generate,
        {"ai.model.provider", "\"anthropic.messages\""},
        {"ai.usage.inputTokens", "160"},
        {"ai.usage.outputTokens", "5"},
        {"ai.usage.inputTokenDetails.noCacheTokens", "10"},
        {"ai.usage.inputTokenDetails.cacheReadTokens", "100"},
        {"ai.usage.inputTokenDetails.cacheWriteTokens", "50"}},
       {160, 5, 100, 50, 0}},
      // more cached than there is input: it cannot be part of it
      {{chat,
        {"gen_ai.usage.input_tokens", "10"},
        {"gen_ai.usage.output_tokens", "5"},
        {"gen_ai.usage.cache_read_input_tokens", "90"},
        {"gen_ai.usage.cache_creation.input_tokens", "20"}},
       {120, 5, 90, 20, 0}},
      // within the input: taken at its word
      {{chat,
        {"gen_ai.usage.input_tokens", "120"},
        {"gen_ai.usage.output_tokens", "5"},
        {"gen_ai.usage.cache_read.input_tokens", "90"},
        {"gen_ai.usage.cache_creation.input_tokens", "20"}},
       {120, 5, 90, 20, 0}},
      {{chat,
        {"gen_ai.usage.input_tokens", "1"},
        {"gen_ai.usage.output_tokens", "5"},
        {"gen_ai.usage.reasoning_tokens", "7"}},
       {1, 12, 0, 0, 7}},
      {{chat, {"gen_ai.usage.input_tokens", "-4"}, {"gen_ai.usage.output_tokens", "5"}}, {0, 5, 0, 0, 0}},
  };
  for (auto& r : rows) {
    auto batch = read(otlp::signal::traces, trace_json({span_json(1, 0, "x", r.attributes)}));
    auto sum = sum_of(batch);
    INFO(r.attributes.back().json << ": " << sum.input << " " << sum.output);
    CHECK(same(sum, r.expected));
  }
}

TEST_CASE("genai: coding agents' logs count, OpenTelemetry's log events do not") {
  auto name = [](std::string_view n) { return attribute{"event.name", "\"" + std::string(n) + "\""}; };
  auto batch =
      read(otlp::signal::logs,
           logs_json({log_json("claude_code.api_request", {name("api_request"),
                                                           {"model", "\"m-claude\""},
                                                           {"input_tokens", "\"10\""},
                                                           {"output_tokens", "20"},
                                                           {"cache_read_tokens", "300"},
                                                           {"cache_creation_tokens", "40"},
                                                           {"cost_usd", "\"0.0125\""},
                                                           {"duration_ms", "2500"},
                                                           {"session.id", "\"s1\""},
                                                           {"user.id", "\"u1\""}}),
                      log_json("", {name("codex.sse_event"),
                                    {"event.kind", "\"response.completed\""},
                                    {"model", "\"m-codex\""},
                                    {"input_token_count", "100"},
                                    {"cached_token_count", "60"},
                                    {"output_token_count", "30"},
                                    {"reasoning_token_count", "10"},
                                    {"conversation.id", "\"c1\""}}),
                      log_json("", {name("codex.sse_event"),
                                    {"event.kind", "\"response.created\""},
                                    {"input_token_count", "100"}}),
                      log_json("", {name("gemini_cli.api_response"),
                                    {"model", "\"m-gemini\""},
                                    {"input_token_count", "100"},
                                    {"cached_content_token_count", "20"},
                                    {"output_token_count", "7"},
                                    {"thoughts_token_count", "3"}}),
                      log_json("", {name("claude_code.tool_result"),
                                    {"tool_name", "\"Bash\""},
                                    {"success", "\"false\""},
                                    {"error", "\"exit 1\""},
                                    {"duration_ms", "12"}}),
                      log_json("",
                               {name("gen_ai.client.inference.operation.details"),
                                {"gen_ai.operation.name", "\"chat\""},
                                {"gen_ai.usage.input_tokens", "100"}},
                               ",\"traceId\":\"" + hex_id(1, 32) + "\",\"spanId\":\"" + hex_id(2, 16) + "\""),
                      log_json("it broke", {}, ",\"severityNumber\":17,\"severityText\":\"ERROR\"")},
                     {{"service.name", "\"claude-code\""}}));
  REQUIRE(batch.events.size() == 7);
  auto& e = batch.events;
  CHECK(e[0].type == EventType::LLM_CALL);
  CHECK(same(e[0].tokens, {350, 20, 300, 40, 0}));
  CHECK(e[0].cost_nano_usd == 12'500'000);
  CHECK(e[0].cost_source == schema::CostSource::REPORTED);
  CHECK(e[0].duration_us == 2'500'000);
  CHECK(e[0].agent_id == "claude-code");
  CHECK(e[0].session_id == "s1");
  CHECK(same(e[1].tokens, {100, 30, 60, 0, 10}));
  CHECK(e[1].cost_nano_usd == 40 * 2000 + 60 * 200 + 30 * 10000);
  CHECK(e[1].session_id == "c1");
  CHECK(e[2].type == EventType::CUSTOM);
  CHECK(e[2].custom_name == "log");
  CHECK(same(e[3].tokens, {100, 10, 20, 0, 3}));
  CHECK(e[4].type == EventType::TOOL_CALL);
  CHECK(e[4].tool == "Bash");
  CHECK(e[4].status == schema::EventStatus::ERROR);
  CHECK(e[4].error == "exit 1");
  CHECK(e[5].type == EventType::CUSTOM);
  CHECK_FALSE(e[5].has_tokens);
  CHECK(e[5].span_id == hex_id(2, 16));
  CHECK(e[6].status == schema::EventStatus::ERROR);
  CHECK(e[6].error == "it broke");
}

TEST_CASE("genai: memory and failed runs become their own events") {
  auto batch = read(
      otlp::signal::traces,
      trace_json({span_json(1, 0, "search_memory",
                            {{"gen_ai.operation.name", "\"search_memory\""},
                             {"gen_ai.memory.store.id", "\"store\""},
                             {"gen_ai.memory.record.count", "4"},
                             {"gen_ai.memory.query.text", "\"cats\""}}),
                  span_json(2, 0, "invoke_agent", {{"gen_ai.operation.name", "\"invoke_agent\""}},
                            ",\"status\":{\"code\":2},\"events\":[{\"name\":\"exception\",\"attributes\":" +
                                attribute_list({{"exception.message", "\"no luck\""}}) + "}]")}));
  REQUIRE(batch.events.size() == 2);
  CHECK(batch.events[0].type == EventType::MEMORY_ACCESS);
  CHECK(batch.events[0].knowledge_id == "store");
  CHECK(batch.events[0].items_retrieved == 4);
  CHECK(batch.events[0].query == "cats");
  CHECK(batch.events[0].agent_id == "unknown");
  CHECK(batch.events[1].type == EventType::EXECUTION_FAILED);
  CHECK(batch.events[1].error == "no luck");
}
