// Which attributes hold tokens and cost, dialect by dialect.
#include "http/ingest/genai/usage.hpp"

#include <cmath>

namespace troupe::ingest::genai {

namespace {

constexpr double cost_usd_max = 1e9;

using key_list = std::initializer_list<std::string_view>;

const key_list input_keys = {"gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens",
                             "llm.token_count.prompt",    "ai.usage.inputTokens",
                             "ai.usage.promptTokens",     "ai.usage.tokens",
                             "llm.usage.prompt_tokens"};
const key_list output_keys = {"gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens",
                              "llm.token_count.completion", "ai.usage.outputTokens",
                              "ai.usage.completionTokens",  "llm.usage.completion_tokens"};
const key_list cache_read_keys = {
    "gen_ai.usage.cache_read.input_tokens",       "gen_ai.usage.cache_read_input_tokens",
    "gen_ai.usage.details.cache_read_tokens",     "llm.token_count.prompt_details.cache_read",
    "ai.usage.inputTokenDetails.cacheReadTokens", "ai.usage.cachedInputTokens"};
const key_list cache_write_keys = {
    "gen_ai.usage.cache_write.input_tokens",      "gen_ai.usage.cache_creation.input_tokens",
    "gen_ai.usage.cache_creation_input_tokens",   "gen_ai.usage.details.cache_write_tokens",
    "llm.token_count.prompt_details.cache_write", "ai.usage.inputTokenDetails.cacheWriteTokens"};
const key_list reasoning_keys = {
    "gen_ai.usage.reasoning.output_tokens",        "gen_ai.usage.reasoning_tokens",
    "gen_ai.usage.details.reasoning_tokens",       "llm.token_count.completion_details.reasoning",
    "ai.usage.outputTokenDetails.reasoningTokens", "ai.usage.reasoningTokens"};
const key_list cost_keys = {"gen_ai.usage.cost", "gen_ai.usage.cost_usd", "llm.cost.total", "operation.cost",
                            "gen_ai.usage.total_cost"};

bool passes_anthropic_numbers_on(std::string_view provider) {
  return provider.starts_with("anthropic") || provider.starts_with("amazon-bedrock") ||
         provider.find("anthropic") != provider.npos;
}

// True for spans of the AI SDK from before it said what its input holds.
bool is_old_ai_sdk(const attributes& a) {
  return a.has("ai.operationId") && !a.has("ai.usage.inputTokenDetails.noCacheTokens") &&
         !a.has("ai.usage.inputTokenDetails.cacheReadTokens") &&
         !a.has("ai.usage.inputTokenDetails.cacheWriteTokens");
}

}  // namespace

std::optional<std::int64_t> nano_usd(std::optional<double> usd) {
  if (!usd || !(*usd >= 0) || *usd > cost_usd_max) return std::nullopt;
  return std::llround(*usd * 1e9);
}

token_counts normalised(token_counts t, cache_counting cache, reasoning_counting reasoning) {
  auto cached = t.cache_read + t.cache_write;
  if (cache == cache_counting::beside || cached > t.input) t.input += cached;
  if (reasoning == reasoning_counting::beside || t.reasoning > t.output) t.output += t.reasoning;
  return t;
}

usage usage_of_span(const attributes& a) {
  usage out;
  auto input = a.count(input_keys), output = a.count(output_keys);
  out.cost_nano_usd = nano_usd(a.number(cost_keys));
  out.present = input || output;
  if (!out.present) return out;
  token_counts t;
  t.input = input.value_or(0);
  t.output = output.value_or(0);
  t.cache_read = a.count(cache_read_keys).value_or(0);
  t.cache_write = a.count(cache_write_keys).value_or(0);
  t.reasoning = a.count(reasoning_keys).value_or(0);
  auto cache = cache_counting::included;
  if (is_old_ai_sdk(a) && passes_anthropic_numbers_on(a.text({"ai.model.provider", "gen_ai.system"}))) {
    cache = cache_counting::beside;
    auto metadata = a.text({"ai.response.providerMetadata"});
    if (t.cache_write == 0)
      t.cache_write =
          json_count(metadata, {"anthropic", "cacheCreationInputTokens"})
              .value_or(json_count(metadata, {"bedrock", "usage", "cacheWriteInputTokens"}).value_or(0));
    // The provider's own answer, where it was kept, settles it.
    if (auto raw = json_count(metadata, {"anthropic", "usage", "input_tokens"})) t.input = *raw;
  }
  out.tokens = normalised(t, cache, reasoning_counting::included);
  return out;
}

}  // namespace troupe::ingest::genai
