#include "tests/bench/mixed_events.hpp"

#include <array>
#include <cstdint>
#include <string_view>

namespace troupe::bench {

namespace {

constexpr std::uint64_t teams = 8, items = 400, searches = 300, tools = 6, agents = 100;
constexpr std::array tiers{"redis", "postgres", "vector"};

// What a trace does, event by event.
enum class act : std::uint8_t { recall, look_up, call_model, call_tool, ask, finish };
constexpr std::array acts{act::recall,     act::look_up, act::call_model, act::call_tool,
                          act::call_model, act::ask,     act::call_model, act::finish};

void text(std::string_view name, std::string_view value, std::string& out) {
  out.append(",\"").append(name).append("\":\"").append(value).append("\"");
}

void number(std::string_view name, std::int64_t value, std::string& out) {
  out.append(",\"").append(name).append("\":").append(std::to_string(value));
}

std::string numbered(std::string_view name, std::uint64_t n) {
  return std::string(name).append(std::to_string(n));
}

// Low numbers come up more often, as in a cache's life.
std::uint64_t skewed(std::uint64_t dice, std::uint64_t n) {
  auto a = dice % n, b = (dice >> 20) % n;
  return a * b / n;
}

// Asks the tiers in turn until one serves; every tenth query finds nothing.
void recall(std::uint64_t dice, std::string& out) {
  auto serving = dice % 10 < 6 ? 0U : dice % 10 < 8 ? 1U : 2U;
  out.append(R"(,"latency_by_tier_ms":{)");
  for (unsigned i = 0; i <= serving; ++i) {
    if (i > 0) out.push_back(',');
    out.append("\"").append(tiers[i]).append("\":").append(std::to_string(1 + (dice >> 8) % (10U << 2 * i)));
  }
  out.push_back('}');
  text("query", numbered("how to do thing ", skewed(dice >> 12, searches)), out);
  number("items_retrieved", dice % 10 == 9 ? 0 : 3, out);
  if (dice % 10 != 9) text("tier", tiers[serving], out);
}

void call_model(const sample_event& e, std::string& out) {
  text("model", e.model, out);
  out.append(R"(,"tokens":{"input":)").append(std::to_string(e.input_tokens));
  out.append(R"(,"output":)").append(std::to_string(e.output_tokens));
  out.append(R"(,"cache_read":)").append(std::to_string(e.input_tokens / 3)).append("}");
}

std::string_view type_of(act what) {
  switch (what) {
    case act::recall: return "memory.access";
    case act::look_up: return "knowledge.access";
    case act::call_tool: return "tool.call";
    case act::ask: return "collaboration";
    case act::finish: return "execution.completed";
    default: return "llm.call";
  }
}

void append_mixed(const sample_event& e, std::uint64_t dice, std::string& out) {
  auto what = acts[static_cast<std::size_t>(e.step) % acts.size()];
  auto agent = std::stoull(e.agent_id.substr(e.agent_id.find('-') + 1));
  out.append("{\"type\":\"").append(type_of(what)).append("\"");
  text("id", e.id, out);
  number("time", e.time_ms, out);
  text("agent_id", e.agent_id, out);
  text("team", numbered("team-", agent % teams), out);
  text("session_id", e.session_id, out);
  text("trace_id", e.trace_id, out);
  text("span_id", e.span_id, out);
  text("status", dice % 50 == 0 ? "error" : "ok", out);
  number("duration_ms", e.duration_ms, out);
  switch (what) {
    case act::recall: recall(dice >> 6, out); break;
    case act::look_up: text("knowledge_id", numbered("item-", skewed(dice >> 6, items)), out); break;
    case act::call_tool: text("tool", numbered("tool-", dice % tools), out); break;
    case act::ask: text("peer_agent_id", numbered("agent-", (agent + 1 + dice % 7) % agents), out); break;
    case act::call_model: call_model(e, out); break;
    case act::finish: break;
  }
  out.append(R"(,"attributes":)").append(attributes_json(e)).append("}\n");
}

}  // namespace

void make_mixed_ndjson(event_source& from, int count, std::string& out) {
  sample_event e;
  out.clear();
  for (int i = 0; i < count; ++i) {
    from.next(e);
    // As random as the event's own figures, which were drawn.
    auto dice = std::stoull(e.span_id, nullptr, 16);
    append_mixed(e, dice, out);
  }
}

}  // namespace troupe::bench
