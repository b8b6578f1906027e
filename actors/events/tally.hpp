// The rollups of one batch: events are added up by minute first, so that each rollup is merged once per batch.
//
// Invariants: what is written does not depend on the order of the events, only on what they are; keys are views
// into the batch, which must outlive the tally.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "protocol/flat_builder.hpp"
#include "protocol/machine.hpp"
#include "protocol/rollup.hpp"

namespace troupe::events {

class tally {
 public:
  // The event counts under each of its dimensions: all, model, tool, and each memory tier it asked. By agent it is
  // counted in cells: actors/insight/. 'hits' are the events that carry tokens; of a tier, those that it served.
  // A tier of latencyByTier was asked once, with its latency; 'tier' is the one that served: a hit, which also
  // bears the event's tokens and cost. A failure counts against the tier that served, or if none did, against all.
  void add(schema::Event::Reader event);
  // One merge for each rollup, in the order of their keys.
  void write(std::string_view org, mutations& to) const;

 private:
  struct figures {
    rollup sums;  // its sketch stays empty: the buckets are sorted once, at the end
    std::vector<std::uint16_t> buckets;

    void add_duration(std::int64_t us);
  };
  using place = std::tuple<std::uint8_t, std::int64_t, std::string_view>;  // dimension, start, key
  using table = std::map<place, figures>;

  void add_tiers(schema::Event::Reader event, std::int64_t minute, bool error);
  figures& at(schema::Dimension dimension, std::int64_t minute, std::string_view key) {
    return minutes_[place{static_cast<std::uint8_t>(dimension), minute, key}];
  }
  // Encoded rollups; the bytes of sums made on the way are kept in 'memory'.
  using encoded_table = std::map<place, std::string_view>;
  using memory = std::deque<std::string>;

  static std::string encode(const figures& f, flat_builder& builder);
  static encoded_table coarser(const encoded_table& from, schema::Resolution resolution, memory& bytes);
  static void write_table(const encoded_table& from, std::string_view org, schema::Resolution resolution,
                          mutations& to);

  table minutes_;
};

}  // namespace troupe::events
