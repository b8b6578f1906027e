// The sample events as OpenTelemetry spans, in the dialect of the GenAI conventions.
#include <opentelemetry/proto/collector/trace/v1/trace_service.pb.h>

#include "tests/bench/events.hpp"

namespace troupe::bench {

namespace {

namespace otel = opentelemetry::proto;

std::string from_hex(std::string_view hex) {
  auto digit = [](char c) { return static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10); };
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    out.push_back(static_cast<char>(digit(hex[i]) << 4 | digit(hex[i + 1])));
  return out;
}

void text(otel::trace::v1::Span& span, const char* key, const std::string& value) {
  auto* a = span.add_attributes();
  a->set_key(key);
  a->mutable_value()->set_string_value(value);
}

void integer(otel::trace::v1::Span& span, const char* key, std::int64_t value) {
  auto* a = span.add_attributes();
  a->set_key(key);
  a->mutable_value()->set_int_value(value);
}

}  // namespace

void make_otlp(event_source& from, int count, std::string& out) {
  otel::collector::trace::v1::ExportTraceServiceRequest request;
  auto* resource = request.add_resource_spans();
  auto* service = resource->mutable_resource()->add_attributes();
  service->set_key("service.name");
  service->mutable_value()->set_string_value("bench");
  auto* scope = resource->add_scope_spans();
  sample_event e;
  for (int i = 0; i < count; ++i) {
    from.next(e);
    auto* span = scope->add_spans();
    span->set_trace_id(from_hex(e.trace_id));
    span->set_span_id(from_hex(e.span_id));
    span->set_name("chat " + std::string(e.model));
    span->set_kind(otel::trace::v1::Span::SPAN_KIND_CLIENT);
    auto end = static_cast<std::uint64_t>(e.time_ms) * 1'000'000;
    span->set_start_time_unix_nano(end - static_cast<std::uint64_t>(e.duration_ms) * 1'000'000);
    span->set_end_time_unix_nano(end);
    span->mutable_status()->set_code(otel::trace::v1::Status::STATUS_CODE_OK);
    text(*span, "gen_ai.operation.name", "chat");
    text(*span, "gen_ai.agent.id", e.agent_id);
    text(*span, "gen_ai.conversation.id", e.session_id);
    text(*span, "gen_ai.request.model", e.model);
    integer(*span, "gen_ai.usage.input_tokens", e.input_tokens);
    integer(*span, "gen_ai.usage.output_tokens", e.output_tokens);
  }
  request.SerializeToString(&out);
}

}  // namespace troupe::bench
