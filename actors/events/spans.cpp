#include "spans.hpp"

#include <algorithm>

#include "keys.hpp"
#include "protocol/message.hpp"

namespace troupe::events {

bool window_end(std::int64_t time_us, std::int64_t& end_us) {
  auto first_us = window_of(time_us) * (std::int64_t{1} << 22);
  return !__builtin_add_overflow(first_us, std::int64_t{1} << 22, &end_us);
}

void spans::add_to(table& t, std::string_view name, std::int64_t window, std::int64_t time_us) {
  auto [at, is_new] = t.try_emplace({name, window}, span{time_us, time_us});
  if (is_new) return;
  at->second.oldest_us = std::min(at->second.oldest_us, time_us);
  at->second.newest_us = std::max(at->second.newest_us, time_us);
}

void spans::add(schema::Event::Reader event) {
  auto time_us = event.getTimeUs();
  add_to(all_, {}, window_of(time_us), time_us);
  add_to(agents_, view_of(event.getAgentId()), window_of(time_us), time_us);
  if (auto trace = view_of(event.getTraceId()); !trace.empty()) add_to(traces_, trace, 0, time_us);
}

void spans::write(std::string_view org, event_seq block, mutations& to) const {
  key_writer key(record_tag::event_by_time);
  for (auto& [where, s] : all_)
    to.put(family::events, by_time_key(key, org, s.newest_us, block), encode_oldest(s.oldest_us));
  for (auto& [where, s] : agents_)
    to.put(family::events, by_agent_key(key, org, where.first, s.newest_us, block),
           encode_oldest(s.oldest_us));
  for (auto& [where, s] : traces_)
    to.put(family::events, by_trace_key(key, org, where.first, s.newest_us, block),
           encode_oldest(s.oldest_us));
}

std::string spans::encode_oldest(std::int64_t time_us) {
  return key_writer(record_tag::event_block).i64(time_us).str().substr(1);
}

std::int64_t spans::decode_oldest(std::string_view value) {
  key_reader in(value);
  auto time_us = in.i64();
  if (!in.ok()) throw machine_fault("an index of events does not say how far a span goes back");
  return time_us;
}

}  // namespace troupe::events
