// Ordered keys: the bytes of an encoded tuple sort as the tuple does. A key names a record within one shard;
// storage puts the shard in front.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace troupe {

// First byte of every key: the kind of the record. Never renumber.
enum class record_tag : std::uint8_t {
  // state
  counters = 1,          // ()                             -> schema::Counters
  agent = 2,             // (org, agent)                   -> schema::Agent
  agent_activity = 3,    // (org, agent)                   -> schema::AgentActivity
  task = 4,              // (org, agent, task)             -> schema::Task
  task_pending = 5,      // (org, agent, -priority, created, task) -> empty
  api_key = 6,           // (org, key)                     -> schema::ApiKey
  reply = 7,             // (org, idempotency key)         -> cached reply
  reply_expiry = 8,      // (expires, org, key)            -> empty
  token_limits = 9,      // (org)                          -> schema::TokenLimits
  cluster_map = 10,      // ()                             -> schema::ClusterMap, system shard only
  dashboard = 11,        // (org, dashboard)               -> schema::Dashboard
  dashboard_total = 12,  // (org)                        -> schema::DashboardTotal
  // events
  event_block =
      32,  // (last seq)                     -> schema::Fact, eventsAppended: the events of one entry
  event_by_id = 33,      // (version of the id, id high, id low, org) -> seq
  event_by_time = 34,    // (org, newest time, block)        -> oldest time: see actors/events/spans.hpp
  event_by_agent = 35,   // (org, agent, newest time, block) -> oldest time
  event_by_trace = 36,   // (org, trace, newest time, block) -> oldest time
  event_id_window = 37,  // (moment, org) -> the ids of that moment: see protocol/id_window.hpp
  // rollups
  rollup = 64,  // (org, resolution, dimension, start, key) -> schema::Rollup
  cell =
      65,  // (org, cube, resolution, start, field or first bits of its hash) -> rows: see protocol/cell_record.hpp
  // outbox
  outbox = 96,  // (due, timer, id...)            -> schema::OutboxRecord
  // history
  history = 128,  // (key of the record, ~index)    -> the record before that index
};

class key_writer {
 public:
  explicit key_writer(record_tag tag) { start(tag); }
  // Begins another key in the same memory.
  key_writer& start(record_tag tag) {
    out_.assign(1, static_cast<char>(tag));
    return *this;
  }

  // Any bytes. 0x00 becomes 0x00 0xFF, the end is 0x00 0x01: a prefix sorts before what it begins.
  key_writer& text(std::string_view s);
  key_writer& u64(std::uint64_t v);
  // Sorts from high to low.
  key_writer& u64_descending(std::uint64_t v) { return u64(~v); }
  key_writer& i64(std::int64_t v) { return u64(static_cast<std::uint64_t>(v) ^ (1ULL << 63)); }
  key_writer& u8(std::uint8_t v) {
    out_.push_back(static_cast<char>(v));
    return *this;
  }

  const std::string& str() const& { return out_; }
  std::string str() && { return std::move(out_); }

 private:
  std::string out_;
};

// Reads back what key_writer wrote. ok() is false once the bytes did not fit.
class key_reader {
 public:
  explicit key_reader(std::string_view key) : rest_(key) {}
  record_tag tag();
  std::string text();
  // The same in place if it has no NUL, else in 'own'.
  std::string_view text(std::string& own);
  std::uint64_t u64();
  std::uint64_t u64_descending() { return ~u64(); }
  std::int64_t i64() { return static_cast<std::int64_t>(u64() ^ (1ULL << 63)); }
  std::uint8_t u8();
  bool ok() const { return ok_; }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

// The first key after all that begin with 'prefix'; empty if there is none.
std::string prefix_end(std::string prefix);

}  // namespace troupe
