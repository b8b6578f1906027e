// Tokens and cost as each dialect reports them, in one shape: input includes what was read from and written to the
// cache, output includes reasoning.
//
// Where a dialect leaves it open whether input includes the cache:
// - OpenTelemetry gen_ai.* and OpenInference say it does: taken at their word.
// - The AI SDK says so by ai.usage.inputTokenDetails.*; without these (its version 5 and before) the providers
//   Anthropic and Bedrock pass on Anthropic's own numbers, which exclude it: it is added.
// - Whatever was said: when the cached tokens are more than the input, they cannot be part of it, and are added.
// The same for reasoning and output (Gemini CLI reports thoughts beside the output).
#pragma once

#include <cstdint>
#include <optional>

#include "http/ingest/genai/attributes.hpp"
#include "protocol/rollup.hpp"

namespace troupe::ingest::genai {

struct usage {
  bool present = false;
  token_counts tokens;
  std::optional<std::int64_t> cost_nano_usd;  // as reported
};

usage usage_of_span(const attributes& a);

// Whether 'input' holds the cache already is for the caller to say.
enum class cache_counting : std::uint8_t { included, beside };
enum class reasoning_counting : std::uint8_t { included, beside };
token_counts normalised(token_counts reported, cache_counting cache, reasoning_counting reasoning);

// A price in USD as nano USD; nothing if it is negative or absurd.
std::optional<std::int64_t> nano_usd(std::optional<double> usd);

}  // namespace troupe::ingest::genai
