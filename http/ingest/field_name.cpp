// Names of fields, and a small edit distance.
#include "http/ingest/field_name.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace troupe::ingest {

namespace {

// In the order of event_field.
constexpr std::array<std::string_view, 25> names = {"id",           "type",
                                                    "time",         "agent_id",
                                                    "session_id",   "user_id",
                                                    "team",         "trace_id",
                                                    "span_id",      "parent_span_id",
                                                    "status",       "error",
                                                    "duration_ms",  "model",
                                                    "provider",     "tokens",
                                                    "cost_usd",     "tool",
                                                    "tier",         "latency_by_tier_ms",
                                                    "query",        "items_retrieved",
                                                    "knowledge_id", "peer_agent_id",
                                                    "attributes"};
static_assert(names.size() == static_cast<std::size_t>(event_field::unknown));

constexpr std::size_t compared_bytes_max = 64;

// What people write for the fields when they mean them.
constexpr std::array<std::pair<std::string_view, std::string_view>, 12> other_names = {
    {{"timestamp", "time"},
     {"ts", "time"},
     {"created_at", "time"},
     {"agent", "agent_id"},
     {"session", "session_id"},
     {"user", "user_id"},
     {"cost", "cost_usd"},
     {"duration", "duration_ms"},
     {"usage", "tokens"},
     {"metadata", "attributes"},
     {"tool_name", "tool"},
     {"event_type", "type"}}};

// "agentId", "Agent-ID" and "agent_id" are the same to a reader.
std::string folded(std::string_view name) {
  std::string out;
  for (char c : name.substr(0, compared_bytes_max)) {
    if (c == '_' || c == '-' || c == '.') continue;
    out.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
  }
  return out;
}

std::size_t edits(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j < row.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    auto diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      auto above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row.back();
}

}  // namespace

event_field event_field_of(std::string_view name) noexcept {
  for (std::size_t i = 0; i < names.size(); ++i)
    if (names[i].size() == name.size() && names[i] == name) return static_cast<event_field>(i);
  return event_field::unknown;
}

std::string_view event_field_name(event_field field) noexcept {
  return field < event_field::unknown ? names[static_cast<std::size_t>(field)] : std::string_view{};
}

std::span<const std::string_view> event_field_names() noexcept { return names; }

std::string_view nearest_name(std::string_view wrong, std::span<const std::string_view> candidates) {
  auto meant = folded(wrong);
  if (meant.empty()) return {};
  for (auto& [other, right] : other_names)
    if (folded(other) == meant && std::ranges::find(candidates, right) != candidates.end()) return right;
  std::string_view best;
  std::size_t fewest = meant.size() / 3 + 2;  // more edits than this is another word
  for (auto name : candidates) {
    auto n = edits(meant, folded(name));
    if (n < fewest) fewest = n, best = name;
  }
  return best;
}

}  // namespace troupe::ingest
