// What every reader of requests (event JSON, OTLP) makes, and what the batcher takes: events that passed every
// check, as plain values whose texts lie in one arena, so that no event costs an allocation of its own.
//
// Invariants: texts are UTF-8 without NUL and within limits.hpp; events are in the order of the request.
// Owner: the request that made it; not shared between threads.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/event_type.hpp"
#include "protocol/rollup.hpp"
#include "protocol/uuid.hpp"

namespace troupe::ingest {

class price_table;

// What may be counted in one event; larger numbers are mistakes.
inline constexpr std::int64_t count_max = 1'000'000'000'000'000;        // tokens, items
inline constexpr std::int64_t duration_us_max = 1'000'000'000'000'000;  // 31 years
inline constexpr std::int64_t cost_usd_max = 1'000'000'000;

// Texts that live as long as the arena. Grows by blocks; nothing is freed before the end.
class text_arena {
 public:
  std::string_view keep(std::string_view text);
  // Room for 'size' bytes to be written by the caller.
  char* take(std::size_t size);
  std::size_t bytes() const { return bytes_; }

 private:
  std::vector<std::unique_ptr<char[]>> blocks_;
  char* at_ = nullptr;
  std::size_t left_ = 0;
  std::size_t bytes_ = 0;
};

struct tier_latency {
  std::string_view tier;
  std::int64_t latency_us = 0;
};

// schema::Event before it is encoded. An empty text means absent, -1 means absent where the schema says so.
struct event_draft {
  std::uint32_t index = 0;  // of the item in the request
  uuid id;
  schema::EventType type = schema::EventType::CUSTOM;
  schema::EventStatus status = schema::EventStatus::UNSET;
  schema::CostSource cost_source = schema::CostSource::NONE;
  bool has_tokens = false;
  std::string_view custom_name;
  std::int64_t time_us = 0;
  std::string_view agent_id, session_id, user_id, team, trace_id, span_id, parent_span_id;
  std::string_view error;
  std::int64_t duration_us = -1;
  std::string_view model, provider;
  token_counts tokens;
  std::int64_t cost_nano_usd = 0;
  std::string_view price_version;
  std::string_view tool, tier;
  std::uint32_t tiers_begin = 0, tiers_count = 0;  // in parsed_batch::tiers
  std::string_view query;
  std::int64_t items_retrieved = -1;
  std::string_view knowledge_id, peer_agent_id;
  std::string_view attributes;  // a JSON object, or empty
};

struct rejected_item {
  std::uint32_t index = 0;
  std::string error;  // what is wrong and what to do
  std::string field;  // empty: the item as a whole
};

struct parsed_batch {
  text_arena texts;
  std::vector<event_draft> events;
  std::vector<tier_latency> tiers;
  std::vector<rejected_item> rejected;
};

// What the pure functions of this room are told about the world.
struct context {
  std::int64_t now_us = 0;
  std::uint64_t entropy_high = 0, entropy_low = 0;  // random, fresh for each request
  const price_table* prices = nullptr;              // none: nothing is priced
  // Ids of events that bring none are drawn from it when it is not empty, so that a repeated request makes the
  // same events again. Give the organisation and the client's Idempotency-Key, joined.
  std::string_view id_seed = {};
};

// The id of item 'index' when the client gave none: version 7, or from ctx.id_seed.
uuid draw_id(const context& ctx, std::uint32_t index);

}  // namespace troupe::ingest
