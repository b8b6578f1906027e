// What events change on the insight pages, gathered until it is told: per organisation and view, as deltas.
//
// Owned by the hub, under its mutex. Bounded: names beyond the bounds are only said to be more.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "protocol/schema/event.capnp.h"

namespace troupe::http {

enum class insight_view : std::uint8_t { memory, tokens, knowledge, collaboration, teams, patterns };
inline constexpr std::array<std::string_view, 6> insight_topics = {
    "insight:memory",        "insight:tokens", "insight:knowledge",
    "insight:collaboration", "insight:teams",  "insight:patterns"};

class insight_news {
 public:
  // Counts the event for each view it belongs to, of those that have readers (a bit each).
  void add(std::string_view org, schema::Event::Reader event, unsigned views);
  bool empty() const { return changes_.empty(); }

  struct change {
    std::int64_t events = 0, since_us = 0, tokens = 0, cost_nano_usd = 0;
    std::set<std::string> agents;
    bool more_agents = false;
    std::map<std::pair<std::string, std::string>, std::pair<std::int64_t, std::int64_t>>
        edges;                                  // count, errors
    std::map<std::string, std::int64_t> tiers;  // hits

    // The members of the push, without braces.
    std::string json(insight_view of) const;
  };
  using key = std::pair<std::string, insight_view>;
  // visit(org, view, change); nothing is left.
  template <class Visit>
  void take(Visit&& visit) {
    for (auto& [where, c] : changes_) visit(where.first, where.second, c);
    changes_.clear();
  }

 private:
  std::map<key, change> changes_;
};

}  // namespace troupe::http
