// The rollups of one batch: events are added up by minute first, so that each rollup is merged once per batch.
//
// Invariants: what is written does not depend on the order of the events, only on what they are; keys are views
// into the batch, which must outlive the tally.
#pragma once

#include <cstdint>
#include <map>
#include <string_view>
#include <tuple>
#include <vector>

#include "protocol/flat_builder.hpp"
#include "protocol/machine.hpp"
#include "protocol/rollup.hpp"

namespace troupe::events {

// Failed: it says so, or it is a failed execution that says nothing.
bool is_error(schema::Event::Reader event);

class tally {
 public:
  // The event counts under each of its dimensions: all, agent, model, tool, and each memory tier it asked.
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
    void add(const figures& other);
  };
  using place = std::tuple<std::uint8_t, std::int64_t, std::string_view>;  // dimension, start, key
  using table = std::map<place, figures>;

  void add_tiers(schema::Event::Reader event, std::int64_t minute, bool error);
  figures& at(schema::Dimension dimension, std::int64_t minute, std::string_view key) {
    return minutes_[place{static_cast<std::uint8_t>(dimension), minute, key}];
  }
  static table coarser(const table& from, schema::Resolution resolution);
  static void write_table(const table& from, std::string_view org, schema::Resolution resolution,
                          flat_builder& builder, mutations& to);

  table minutes_;
};

}  // namespace troupe::events
