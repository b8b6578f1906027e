// The events that every server is given: model calls of 100 agents, about 300 bytes each as JSON, with ids of their own
// (UUIDv7), traces of eight events and increasing times. One source makes the same events for each server's wire form.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace troupe::bench {

struct sample_event {
  std::string id;  // UUID text
  std::int64_t time_ms = 0;
  std::string agent_id, session_id, trace_id, span_id;  // trace 32, span 16 hex digits
  int duration_ms = 0, input_tokens = 0, output_tokens = 0, step = 0;
  const char* model = "";
};

class event_source {
 public:
  // 'agents' beginning with 'first_agent', one event each in turn within a trace of eight; 0: a hundred, a trace each.
  explicit event_source(std::uint64_t seed, int agents = 0, int first_agent = 0);
  void next(sample_event& e);
  // When the next events happened; 0: now.
  void happened_at(std::int64_t ms) { happened_ms_ = ms; }

 private:
  std::uint64_t random();
  const std::uint64_t agents_, first_agent_;
  std::int64_t happened_ms_ = 0;
  std::uint64_t state_, number_ = 0, trace_high_ = 0, trace_low_ = 0;
};

enum class ids : std::uint8_t { from_client, from_server };

void append_json(const sample_event& e, ids which, std::string& out);
std::string attributes_json(const sample_event& e);

// A body of 'count' events, one a line.
void make_ndjson(event_source& from, int count, ids which, std::string& out);
// The same as an OTLP ExportTraceServiceRequest: one span an event.
void make_otlp(event_source& from, int count, std::string& out);

}  // namespace troupe::bench
