// One page of events out of many shards' answers, newest first by (time, seq, shard). Pure.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <vector>

#include "protocol/schema/query.capnp.h"

namespace troupe::http {

struct event_place {
  std::int64_t time_us = 0;
  std::uint64_t seq = 0;
  std::uint16_t shard = 0;
  auto operator<=>(const event_place&) const = default;
};

struct event_page {
  struct item {
    event_place at;
    schema::Event::Reader event;
  };
  std::vector<item> items;
  std::optional<event_place> next;  // the place where the page ends; nothing: that was all
};

// 'before': where the page before ended. A shard that stopped looking early holds the page back to where it stopped,
// so that nothing is passed over.
event_page merge_events(const std::vector<schema::QueryResult::Reader>& found,
                        const std::optional<event_place>& before, std::size_t limit);

}  // namespace troupe::http
