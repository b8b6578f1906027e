#include "tests/bench/events.hpp"

#include <array>
#include <chrono>
#include <string_view>

namespace troupe::bench {

namespace {

constexpr std::array models{"gpt-4o", "gpt-4o-mini", "claude-sonnet-4", "gemini-2.0-flash"};

std::uint64_t mixed(std::uint64_t z) {  // splitmix64
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

std::int64_t wall_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

void append_hex(std::uint64_t value, int digits, std::string& out) {
  for (int shift = (digits - 1) * 4; shift >= 0; shift -= 4)
    out.push_back("0123456789abcdef"[value >> shift & 15]);
}

std::string uuid_v7(std::int64_t ms, std::uint64_t high, std::uint64_t low) {
  std::string out;
  out.reserve(36);
  append_hex(static_cast<std::uint64_t>(ms) >> 16, 8, out);
  out.push_back('-');
  append_hex(static_cast<std::uint64_t>(ms) & 0xffff, 4, out);
  out += "-7";
  append_hex(high & 0xfff, 3, out);
  out.push_back('-');
  append_hex(0x8000 | (low >> 48 & 0x3fff), 4, out);
  out.push_back('-');
  append_hex(low & 0xffffffffffff, 12, out);
  return out;
}

void field(std::string_view name, std::string_view value, std::string& out) {
  out.append(",\"").append(name).append("\":\"").append(value).append("\"");
}

}  // namespace

// The seed is mixed first: sources with seeds side by side must not meet, or their ids would be duplicates.
event_source::event_source(std::uint64_t seed, int agents, int first_agent)
    : agents_(static_cast<std::uint64_t>(agents)),
      first_agent_(static_cast<std::uint64_t>(first_agent)),
      state_(mixed(seed * 0xd1342543de82ef95ULL + 1)) {}

std::uint64_t event_source::random() { return mixed(state_ += 0x9e3779b97f4a7c15ULL); }

void event_source::next(sample_event& e) {
  if (number_ % 8 == 0) trace_high_ = random(), trace_low_ = random();
  auto dice = random();
  auto now_ms = wall_ms();
  e.time_ms = happened_ms_ == 0 ? now_ms : happened_ms_;
  e.id = uuid_v7(now_ms, random(), random());
  auto agent = agents_ == 0 ? trace_high_ % 100 : first_agent_ + number_ % agents_;
  e.agent_id = "agent-0000";
  for (auto digit = e.agent_id.size() - 1; agent > 0; --digit, agent /= 10)
    e.agent_id[digit] = static_cast<char>('0' + agent % 10);
  e.session_id = "session-" + std::to_string(100000 + trace_low_ % 900000);
  e.trace_id.clear();
  append_hex(trace_high_, 16, e.trace_id);
  append_hex(trace_low_, 16, e.trace_id);
  e.span_id.clear();
  append_hex(random(), 16, e.span_id);
  e.duration_ms = static_cast<int>(50 + dice % 4000);
  e.input_tokens = static_cast<int>(200 + (dice >> 16) % 4000);
  e.output_tokens = static_cast<int>(20 + (dice >> 32) % 800);
  e.step = static_cast<int>(number_ % 8);
  e.model = models[(dice >> 48) % models.size()];
  ++number_;
}

std::string attributes_json(const sample_event& e) { return "{\"step\":" + std::to_string(e.step) + "}"; }

void append_json(const sample_event& e, ids which, std::string& out) {
  out += R"({"type":"llm.call")";
  if (which == ids::from_client) field("id", e.id, out);
  out.append(",\"time\":").append(std::to_string(e.time_ms));
  field("agent_id", e.agent_id, out);
  field("session_id", e.session_id, out);
  field("trace_id", e.trace_id, out);
  field("span_id", e.span_id, out);
  out.append(R"(,"status":"ok","duration_ms":)").append(std::to_string(e.duration_ms));
  field("model", e.model, out);
  out.append(R"(,"tokens":{"input":)").append(std::to_string(e.input_tokens));
  out.append(R"(,"output":)").append(std::to_string(e.output_tokens));
  out.append(R"(},"attributes":)").append(attributes_json(e)).append("}");
}

void make_ndjson(event_source& from, int count, ids which, std::string& out) {
  sample_event e;
  out.clear();
  for (int i = 0; i < count; ++i) {
    from.next(e);
    append_json(e, which, out);
    out.push_back('\n');
  }
}

}  // namespace troupe::bench
