// What a span is, whatever the dialect it speaks.
#pragma once

#include <cstdint>
#include <string_view>

#include "http/ingest/genai/attributes.hpp"

namespace troupe::ingest::genai {

enum class span_kind : std::uint8_t {
  other,
  inference,  // one call of a model: the only kind whose tokens count
  agent,      // a run: invoke_agent, invoke_workflow, the AI SDK's outer spans, OpenInference AGENT
  chain,      // OpenInference CHAIN, Traceloop workflow: a run when it is the root
  tool,
  retrieval,
  memory,
};

span_kind kind_of_span(std::string_view name, const attributes& a);

}  // namespace troupe::ingest::genai
