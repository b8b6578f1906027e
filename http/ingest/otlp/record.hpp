// What spans, log records and metric points have in common on their way to an event: who sent them, texts brought
// within bounds (telemetry is cut, not refused), attributes as JSON, times.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "http/ingest/event_draft.hpp"
#include "http/ingest/genai/attributes.hpp"

namespace troupe::ingest::otlp {

// Valid UTF-8 without NUL or control characters (they become spaces), at most limits::id_bytes_max.
std::string_view kept_name(std::string_view text, text_arena& texts);
// Valid UTF-8 without NUL, at most limits::text_bytes_max, with a mark where it was cut.
std::string_view kept_text(std::string_view text, text_arena& texts);

// The agent a record names itself, strongest first; empty if it names none.
std::string_view named_agent(const genai::attributes& a);
// What stands for the agent when neither the record nor its parents name one: the AI SDK's functionId,
// OpenInference's metadata. The text lives in 'texts'.
std::string_view implied_agent(const genai::attributes& a, text_arena& texts);
std::string_view named_session(const genai::attributes& a);
std::string_view named_user(const genai::attributes& a);
std::string_view named_team(const genai::attributes& a);

// What a resource (the process that sent it) says of itself.
struct sender {
  std::string_view agent, session, user, team, service;
  const genai::key_values* values = nullptr;
};
sender sender_of(const genai::key_values& resource_attributes);

// Collects a record's attributes (keys of its own begin with "otel." or "resource.") as one JSON object within
// limits::attributes_bytes_max: long texts (prompts) are cut first, ever shorter; what still does not fit is left out and
// counted as "otel.dropped_attributes". No key is there twice. Keys that are added one by one must live until finish().
class attribute_writer {
 public:
  void clear();
  void add(std::string_view key, std::string_view text);
  void add_number(std::string_view key, double value);
  void add_integer(std::string_view key, std::int64_t value);
  // 'json' is a complete JSON value.
  void add_json(std::string_view key, std::string_view json);
  void add_all(const genai::key_values& values) { lists_.push_back(&values); }
  // The few attributes of the resource that tell where it ran.
  void add_sender(const sender& from);
  std::string_view finish(text_arena& texts);

 private:
  bool write(std::size_t text_max);
  bool repeats_a_key();
  void key(std::string_view name);

  std::string own_;  // members that come first, without braces
  std::vector<std::string_view> own_keys_;
  std::string out_;
  std::string member_;
  std::vector<const genai::key_values*> lists_;
  std::vector<std::string_view> keys_;
  std::uint64_t dropped_ = 0;
  bool repeats_ = false;
};

// Of nanoseconds since 1970; 'fallback_us' when there are none.
std::int64_t time_of(std::uint64_t nanoseconds, std::int64_t fallback_us);
// True when an event of this time must be refused.
bool too_far_ahead(std::int64_t time_us, const context& ctx);
std::string too_far_ahead_reason();

}  // namespace troupe::ingest::otlp
