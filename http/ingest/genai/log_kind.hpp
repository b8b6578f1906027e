// What a log record of an agent tells: most are plain logs, some of coding agents are calls of models and tools.
//
// Coding agents (Claude Code, Codex, Gemini CLI and what descends from it) log each call of a model with its tokens;
// these count. OpenTelemetry's own gen_ai.* log events belong to spans that carry the usage: they never count.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "http/ingest/genai/attributes.hpp"
#include "http/ingest/genai/usage.hpp"

namespace troupe::ingest::genai {

enum class log_kind : std::uint8_t { other, model_call, tool_call };

struct log_facts {
  log_kind kind = log_kind::other;
  usage used;
  std::string_view model, provider, tool, error;
  std::optional<bool> succeeded;
  std::optional<std::int64_t> duration_us;
};

// 'name' is the record's event name: its field, its attribute event.name, or its body, as the caller found it.
log_facts facts_of_log(std::string_view name, const attributes& a);

}  // namespace troupe::ingest::genai
