#include "newest_first.hpp"

#include <limits>

#include "keys.hpp"
#include "spans.hpp"

namespace troupe::events {

namespace {

constexpr std::size_t blocks_bytes_max = 4 * 1024 * 1024;

std::string with_time(const std::string& prefix, std::int64_t time_us) {
  // The tag's byte is replaced by the prefix, which has its own.
  return prefix + key_writer(record_tag::event_block).i64(time_us).str().substr(1);
}

// Spans of a trace may go back from any time.
bool has_windows(const std::string& prefix) {
  return prefix.front() != static_cast<char>(record_tag::event_by_trace);
}

}  // namespace

newest_first::newest_first(const record_reader& records, std::string prefix, bounds within, member is_member)
    : records_(records),
      prefix_(std::move(prefix)),
      within_(std::move(within)),
      is_member_(std::move(is_member)),
      has_windows_(has_windows(prefix_)) {}

void each_span(const record_reader& records, const std::string& prefix, const newest_first::bounds& within,
               const std::function<bool(std::int64_t, event_seq, std::int64_t)>& visit) {
  auto from = within.since_us ? with_time(prefix, *within.since_us) : prefix;
  auto to = prefix_end(prefix);
  std::int64_t end_us = 0;
  if (has_windows(prefix) && within.before && window_end(within.before->time_us, end_us))
    to = with_time(prefix, end_us);
  if (from >= to) return;
  records.scan_down(family::events, from, to, [&](std::string_view key, std::string_view value) {
    key_reader in(key.substr(prefix.size()));
    auto newest_us = in.i64();
    event_seq block(in.u64());
    return visit(newest_us, block, spans::decode_oldest(value));
  });
}

void newest_first::walk(const std::function<bool(const place&, schema::Event::Reader)>& visit) {
  bool going = true;
  each_span(records_, prefix_, within_, [&](std::int64_t newest_us, event_seq block, std::int64_t oldest_us) {
    // The events found so far that no event of this span or of a later one can come before.
    going = visit_down_to({newest_us, event_seq(block.value + 1)}, visit);
    if (!going) return false;
    bool later = within_.before && oldest_us > within_.before->time_us;
    if (!later) open(newest_us, block);
    return true;
  });
  if (going) visit_down_to({std::numeric_limits<std::int64_t>::min(), event_seq()}, visit);
}

bool newest_first::visit_down_to(const place& until,
                                 const std::function<bool(const place&, schema::Event::Reader)>& visit) {
  while (!open_.empty() && open_.top().at >= until) {
    auto next = open_.top();
    open_.pop();
    if (!visit(next.at, load(next.block).event_at(next.at.seq))) return false;
  }
  return true;
}

void newest_first::open(std::int64_t newest_us, event_seq block) {
  auto& of = load(block);
  for (unsigned slot = 0; slot < of.size(); ++slot) {
    auto event = of.event(slot);
    place at{event.getTimeUs(), of.seq(slot)};
    if (has_windows_ && window_of(at.time_us) != window_of(newest_us)) continue;  // of another span
    if (within_.since_us && at.time_us < *within_.since_us) continue;
    if (within_.before && at >= *within_.before) continue;
    if (is_member_(event)) open_.push({at, block});
  }
}

const block& newest_first::load(event_seq last) {
  auto known = blocks_.find(last);
  if (known != blocks_.end()) return *known->second;
  auto loaded = load_block(records_, last);
  if (blocks_bytes_ + loaded->bytes() > blocks_bytes_max) {
    blocks_.clear();
    blocks_bytes_ = 0;
  }
  blocks_bytes_ += loaded->bytes();
  return *(blocks_[last] = std::move(loaded));
}

}  // namespace troupe::events
