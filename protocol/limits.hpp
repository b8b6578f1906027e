// Every bound of the system in one place. Sizes in bytes, times in milliseconds, unless the name says otherwise.
#pragma once

#include <cstddef>
#include <cstdint>

namespace troupe::limits {

inline constexpr std::uint16_t shards_default = 16;

// One log entry: a larger batch of events is cut.
inline constexpr std::size_t entry_bytes_max = 256 * 1024;
inline constexpr std::size_t frame_bytes_max = 1024 * 1024;

// What one shard's leader takes before it answers 429.
inline constexpr std::size_t voters_max = 7;  // of one shard
inline constexpr std::size_t shard_pending_commands_max = 4096;
inline constexpr std::size_t shard_pending_bytes_max = 32 * 1024 * 1024;

// Events.
inline constexpr std::size_t event_bytes_max = 64 * 1024;
// Of one log entry: more than its bytes can hold. A list of empty structs costs a sender nothing, whatever its length.
inline constexpr std::size_t events_per_entry_max = entry_bytes_max / 32;
inline constexpr std::size_t events_per_request_max = 50'000;
inline constexpr std::size_t request_body_bytes_max = 16 * 1024 * 1024;
inline constexpr std::size_t decompressed_body_bytes_max = 64 * 1024 * 1024;
inline constexpr std::uint32_t key_connections_max = 100'000;  // that a key may be given
inline constexpr std::size_t id_bytes_max = 256;          // agent, session, user, team, tool, model ... names
inline constexpr std::size_t text_bytes_max = 16 * 1024;  // query, error
inline constexpr std::size_t attributes_bytes_max = 32 * 1024;
inline constexpr std::size_t json_depth_max = 64;
inline constexpr std::int64_t event_future_ms_max =
    24LL * 3600 * 1000;  // later than now by this much: refused

// Agents and tasks.
inline constexpr std::size_t list_items_max = 64;  // tags, capabilities
inline constexpr std::int64_t agent_active_ms = 5 * 60 * 1000;
inline constexpr std::int64_t lease_ms_min = 1'000;
inline constexpr std::int64_t lease_ms_default = 60'000;
inline constexpr std::int64_t lease_ms_max = 24LL * 3600 * 1000;
inline constexpr std::uint32_t task_attempts_default = 3;
inline constexpr std::uint32_t task_attempts_max = 100;
inline constexpr std::size_t tasks_open_per_agent_max = 10'000;
inline constexpr std::size_t task_json_bytes_max = 32 * 1024;  // input, result
inline constexpr std::int64_t task_timeout_ms_max = 366LL * 24 * 3600 * 1000;

// Replies remembered for Idempotency-Key.
inline constexpr std::int64_t reply_cache_ms = 24LL * 3600 * 1000;
inline constexpr std::size_t idempotency_key_bytes_max = 256;

inline constexpr std::size_t token_limits_max = 256;  // of an organisation

// Dashboards.
inline constexpr std::uint32_t dashboards_max = 500;  // of an organisation
inline constexpr std::size_t dashboard_bytes_max = 64 * 1024;
inline constexpr std::size_t dashboard_title_bytes_max = 200;  // a chart's too
inline constexpr std::size_t dashboard_description_bytes_max = 2'000;
inline constexpr std::uint16_t grid_columns_max = 24;
inline constexpr std::uint32_t update_interval_ms_min = 1'000;
inline constexpr std::uint32_t update_interval_ms_max = 3'600'000;
inline constexpr std::size_t charts_max = 48;  // of a dashboard
inline constexpr std::size_t chart_id_bytes_max = 64;
inline constexpr std::uint16_t chart_cols_default = 6;
inline constexpr std::uint16_t chart_rows_default = 4;
inline constexpr std::uint16_t chart_rows_max = 12;
inline constexpr std::uint16_t chart_top_default = 10;
inline constexpr std::uint16_t chart_top_max = 50;

// Lists and queries.
inline constexpr std::uint32_t page_items_default = 100;
inline constexpr std::uint32_t page_items_max = 1'000;
inline constexpr std::uint32_t query_scan_max = 200'000;     // records looked at for one page
inline constexpr std::size_t answer_bytes_max = 768 * 1024;  // of one page: it must fit a frame
inline constexpr std::uint32_t recover_events_max = 50'000;  // more than this behind: recovered is false

// Log.
inline constexpr std::uint64_t log_entries_before_snapshot = 4096;
inline constexpr std::uint64_t log_entries_trailing = 1024;

// Actors.
inline constexpr std::size_t due_timers_max = 256;                     // fired in one go by a shard's outbox
inline constexpr std::size_t feed_bytes_ahead_max = 16 * 1024 * 1024;  // sent to a subscriber, not yet taken
inline constexpr std::int64_t passivate_idle_ms = 60'000;
inline constexpr std::size_t live_entities_max = 20'000;  // actors of entities on a node
inline constexpr std::int64_t command_deadline_ms = 15'000;

}  // namespace troupe::limits
