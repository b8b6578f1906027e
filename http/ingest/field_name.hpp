// The fields of the event JSON by name, and the nearest right name for a wrong one.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace troupe::ingest {

enum class event_field : std::uint8_t {
  id,
  type,
  time,
  agent_id,
  session_id,
  user_id,
  team,
  trace_id,
  span_id,
  parent_span_id,
  status,
  error,
  duration_ms,
  model,
  provider,
  tokens,
  cost_usd,
  tool,
  tier,
  latency_by_tier_ms,
  query,
  items_retrieved,
  knowledge_id,
  peer_agent_id,
  attributes,
  unknown
};

event_field event_field_of(std::string_view name) noexcept;
std::string_view event_field_name(event_field field) noexcept;

// The name with the fewest edits to 'wrong', if it is near enough to be meant; else empty.
std::string_view nearest_name(std::string_view wrong, std::span<const std::string_view> names);
std::span<const std::string_view> event_field_names() noexcept;

}  // namespace troupe::ingest
