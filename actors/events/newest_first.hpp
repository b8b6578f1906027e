// Walks the events of one index from the newest to the oldest, in the order of (time, seq), through spans that overlap.
//
// A span is opened when the next event may lie in it: when its newest time is not older than what has been found so far.
// Memory: times and numbers of the events of open spans, and a bounded number of blocks.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <vector>

#include "block.hpp"

namespace troupe::events {

class newest_first {
 public:
  struct place {
    std::int64_t time_us = 0;
    event_seq seq;
    auto operator<=>(const place&) const = default;
  };
  struct bounds {
    std::optional<std::int64_t> since_us;  // inclusive
    std::optional<place> before;           // exclusive
  };
  // Is the event one of this index? Blocks hold those of others too.
  using member = std::function<bool(schema::Event::Reader)>;

  // 'prefix' is the index's, up to the time.
  newest_first(const record_reader& records, std::string prefix, bounds within, member is_member);

  // Visits until visit returns false. An event is valid during its visit.
  void walk(const std::function<bool(const place&, schema::Event::Reader)>& visit);

 private:
  struct candidate {
    place at;
    event_seq block;
    bool operator<(const candidate& o) const { return at < o.at; }
  };

  // Visits what is not older than 'until'. False: visit returned false.
  bool visit_down_to(const place& until,
                     const std::function<bool(const place&, schema::Event::Reader)>& visit);
  void open(std::int64_t newest_us, event_seq block);
  const block& load(event_seq last);

  const record_reader& records_;
  const std::string prefix_;
  const bounds within_;
  const member is_member_;
  const bool has_windows_;
  std::priority_queue<candidate> open_;
  std::map<event_seq, std::unique_ptr<block>> blocks_;
  std::size_t blocks_bytes_ = 0;
};

// The spans of an index that may have events within, the one with the latest newest time first:
// visit(newest time, block, oldest time) until it returns false.
void each_span(const record_reader& records, const std::string& prefix, const newest_first::bounds& within,
               const std::function<bool(std::int64_t, event_seq, std::int64_t)>& visit);

}  // namespace troupe::events
