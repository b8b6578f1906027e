// Event names and attributes of coding agents' logs.
#include "http/ingest/genai/log_kind.hpp"

#include <array>
#include <cmath>

namespace troupe::ingest::genai {

namespace {

constexpr double duration_ms_max = 1e12;

// How one family of agents reports a call of a model.
struct model_log {
  std::string_view family;  // what the event's name begins with
  std::string_view event;   // and ends with
  std::string_view provider;
  cache_counting cache;
  reasoning_counting reasoning;
};

// Claude Code passes on Anthropic's numbers, where input excludes the cache. Codex passes on OpenAI's, which include
// cache and reasoning. Gemini's prompt includes the cache, its thoughts are beside the output.
constexpr std::array<model_log, 4> model_logs = {{
    {"claude_code.", "api_request", "anthropic", cache_counting::beside, reasoning_counting::included},
    {"codex.", "sse_event", "openai", cache_counting::included, reasoning_counting::included},
    {"gemini_cli.", "api_response", "google", cache_counting::included, reasoning_counting::beside},
    {"qwen-code.", "api_response", "qwen", cache_counting::included, reasoning_counting::beside},
}};

constexpr std::array<std::string_view, 4> tool_events = {"claude_code.tool_result", "codex.tool_result",
                                                         "gemini_cli.tool_call", "qwen-code.tool_call"};
constexpr std::array<std::string_view, 3> error_events = {"claude_code.api_error", "gemini_cli.api_error",
                                                          "qwen-code.api_error"};

std::optional<bool> truth(const any_value* value) {
  if (!value) return std::nullopt;
  if (value->value_case() == any_value::kBoolValue) return value->bool_value();
  if (value->string_value() == "true") return true;
  if (value->string_value() == "false") return false;
  return std::nullopt;
}

void read_tokens(const model_log& from, const attributes& a, usage& out) {
  auto input = a.count({"input_tokens", "input_token_count"});
  auto output = a.count({"output_tokens", "output_token_count"});
  out.cost_nano_usd = nano_usd(a.number({"cost_usd"}));
  out.present = input || output;
  token_counts t;
  t.input = input.value_or(0);
  t.output = output.value_or(0);
  t.cache_read =
      a.count({"cache_read_tokens", "cached_token_count", "cached_content_token_count"}).value_or(0);
  t.cache_write = a.count({"cache_creation_tokens"}).value_or(0);
  t.reasoning = a.count({"reasoning_token_count", "thoughts_token_count"}).value_or(0);
  out.tokens = normalised(t, from.cache, from.reasoning);
}

}  // namespace

log_facts facts_of_log(std::string_view name, const attributes& a) {
  log_facts out;
  for (auto& row : model_logs) {
    if (!name.starts_with(row.family) || name.substr(row.family.size()) != row.event) continue;
    // Codex logs every event of the stream; the last one has the usage.
    if (row.event == "sse_event" && a.text({"event.kind"}) != "response.completed") return out;
    out.kind = log_kind::model_call;
    out.provider = row.provider;
    read_tokens(row, a, out.used);
  }
  for (auto event : error_events)
    if (name == event) {
      out.kind = log_kind::model_call;
      out.succeeded = false;
    }
  for (auto event : tool_events)
    if (name == event) {
      out.kind = log_kind::tool_call;
      out.tool = a.text({"tool_name", "function_name"});
    }
  if (out.kind == log_kind::other) return out;
  out.model = a.text({"model", "slug"});
  out.error = a.text({"error", "error.message", "error_message"});
  if (auto success = truth(a.find("success"))) out.succeeded = success;
  if (auto ms = a.number({"duration_ms", "duration"}); ms && *ms >= 0 && *ms < duration_ms_max)
    out.duration_us = std::llround(*ms * 1000);
  return out;
}

}  // namespace troupe::ingest::genai
