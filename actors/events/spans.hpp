// The indexes of events: by time, by agent, by trace. An index names no events but spans: what a block holds of an agent,
// say, within a window of time. So a block of many events makes few keys.
//
// A span's key is its newest time and its block, its value its oldest time. Events of an index come in the order of
// (time, seq); each lies between those of its span, and within the window of the span's newest time.
#pragma once

#include <cstdint>
#include <map>
#include <string_view>
#include <utility>

#include "protocol/machine.hpp"

namespace troupe::events {

// Short: whoever begins to read at some time looks at all spans of that window. Long: fewer keys.
constexpr std::int64_t window_of(std::int64_t time_us) { return time_us >> 22; }  // 4.2 s
// The first time after the window; nothing behind the last one.
bool window_end(std::int64_t time_us, std::int64_t& end_us);

// The spans of one block. Views into the batch, which must outlive it.
class spans {
 public:
  void add(schema::Event::Reader event);
  void write(std::string_view org, event_seq block, mutations& to) const;

  static std::string encode_oldest(std::int64_t time_us);
  static std::int64_t decode_oldest(std::string_view value);

 private:
  struct span {
    std::int64_t oldest_us = 0, newest_us = 0;
  };
  // By name and window. Traces have one window: theirs are few events, far apart perhaps.
  using table = std::map<std::pair<std::string_view, std::int64_t>, span>;

  static void add_to(table& t, std::string_view name, std::int64_t window, std::int64_t time_us);

  table all_, agents_, traces_;
};

}  // namespace troupe::events
