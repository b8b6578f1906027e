// Kinds of spans by dialect. The AI SDK's own attributes come first, since they tell its outer spans from its calls;
// then OpenTelemetry's operation, then OpenInference, then Traceloop and what came before operations had names.
#include "http/ingest/genai/span_kind.hpp"

#include <array>
#include <optional>

namespace troupe::ingest::genai {

namespace {

struct named_kind {
  std::string_view name;
  span_kind kind;
};

constexpr std::array<named_kind, 21> operations = {{
    {"chat", span_kind::inference},
    {"text_completion", span_kind::inference},
    {"generate_content", span_kind::inference},
    {"embeddings", span_kind::inference},
    {"completion", span_kind::inference},
    {"embedding", span_kind::inference},
    {"invoke_agent", span_kind::agent},
    {"invoke_workflow", span_kind::agent},
    {"execute_tool", span_kind::tool},
    {"retrieval", span_kind::retrieval},
    {"create_memory", span_kind::memory},
    {"search_memory", span_kind::memory},
    {"update_memory", span_kind::memory},
    {"upsert_memory", span_kind::memory},
    {"delete_memory", span_kind::memory},
    {"create_memory_store", span_kind::memory},
    {"delete_memory_store", span_kind::memory},
    {"create_agent", span_kind::other},
    {"plan", span_kind::other},
    {"agent_step", span_kind::other},
    {"rerank", span_kind::other},
}};

constexpr std::array<named_kind, 10> openinference_kinds = {{
    {"LLM", span_kind::inference},
    {"EMBEDDING", span_kind::inference},
    {"AGENT", span_kind::agent},
    {"CHAIN", span_kind::chain},
    {"TOOL", span_kind::tool},
    {"RETRIEVER", span_kind::retrieval},
    {"RERANKER", span_kind::other},
    {"GUARDRAIL", span_kind::other},
    {"EVALUATOR", span_kind::other},
    {"PROMPT", span_kind::other},
}};

constexpr std::array<named_kind, 4> traceloop_kinds = {{
    {"workflow", span_kind::chain},
    {"agent", span_kind::agent},
    {"tool", span_kind::tool},
    {"task", span_kind::other},
}};

template <std::size_t n>
std::optional<span_kind> look_up(const std::array<named_kind, n>& kinds, std::string_view name) {
  for (auto& row : kinds)
    if (row.name == name) return row.kind;
  return std::nullopt;
}

std::optional<span_kind> kind_of_ai_sdk(std::string_view id) {
  if (!id.starts_with("ai.")) return std::nullopt;
  if (id == "ai.toolCall") return span_kind::tool;
  for (auto call : {".doGenerate", ".doStream", ".doEmbed"})
    if (id.ends_with(call)) return span_kind::inference;
  for (auto outer : {"ai.generateText", "ai.streamText", "ai.generateObject", "ai.streamObject"})
    if (id == outer) return span_kind::agent;
  return span_kind::other;  // ai.embed, ai.embedMany, ai.rerank and what may come
}

}  // namespace

span_kind kind_of_span(std::string_view name, const attributes& a) {
  // Claude Code logs each of these calls as api_request too; the log counts, so that one call is one event.
  if (name == "claude_code.llm_request") return span_kind::other;
  if (auto kind = kind_of_ai_sdk(a.text({"ai.operationId"}))) return *kind;
  if (auto operation = a.text({"gen_ai.operation.name"}); !operation.empty())
    return look_up(operations, operation).value_or(span_kind::other);
  if (auto kind = a.text({"openinference.span.kind"}); !kind.empty())
    return look_up(openinference_kinds, kind).value_or(span_kind::other);
  if (auto kind = a.text({"traceloop.span.kind"}); !kind.empty())
    return look_up(traceloop_kinds, kind).value_or(span_kind::other);
  if (auto kind = a.text({"llm.request.type"}); !kind.empty())
    return look_up(operations, kind).value_or(span_kind::inference);
  bool model_named = a.has("gen_ai.request.model") || a.has("gen_ai.response.model");
  bool counted = a.has("gen_ai.usage.input_tokens") || a.has("gen_ai.usage.prompt_tokens") ||
                 a.has("gen_ai.usage.output_tokens") || a.has("gen_ai.usage.completion_tokens");
  if (model_named && counted) return span_kind::inference;
  if (a.has("gen_ai.tool.name")) return span_kind::tool;
  return span_kind::other;
}

}  // namespace troupe::ingest::genai
