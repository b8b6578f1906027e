// What the fleet does, counted for /metrics from the feed of the shards that this node leads: events, tokens, cost, memory
// tiers, knowledge, tools, active agents. Counters since the node started: in a cluster the sum over the nodes is the
// whole, because each event is counted where its shard is led.
//
// Invariants
// - Bounded: so many models, tools, teams and tiers get a series of their own, the rest counts as "other"; so many agents are
//   remembered, more are not told apart.
// - Kinds of tokens add up: "input" is what no cache was used for, "output" is without reasoning.
// - A batch that the feed did not bring here (a change of leader) is not counted: these are figures, the rollups are exact.
// Thread-safe.
#pragma once

#include <prometheus/metric_family.h>

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "protocol/rollup.hpp"
#include "protocol/schema/event.capnp.h"

namespace troupe::node {

// Durations by bucket, as Prometheus wants them.
class duration_buckets {
 public:
  static constexpr std::array<double, 12> bounds_s{0.001, 0.0025, 0.005, 0.01, 0.025, 0.1,
                                                   0.25,  1,      2.5,   10,   30,    120};
  void add(std::int64_t us);
  prometheus::ClientMetric::Histogram read() const;

 private:
  std::array<std::uint64_t, bounds_s.size() + 1> counts_{};
  double sum_s_ = 0;
};

class fleet_figures {
 public:
  static constexpr std::size_t names_max = 50;  // models, and tools
  static constexpr std::size_t tiers_max = 16;
  static constexpr std::size_t agents_max = 100'000;
  static constexpr std::int64_t active_us = 300'000'000;  // an agent's last event is not older than that

  using leads = std::function<bool(std::uint16_t shard)>;

  // 'feed' is an encoded schema::Feed; one that cannot be read counts nothing.
  void take(std::string_view feed, const leads& here) noexcept;
  std::vector<prometheus::MetricFamily> read(std::int64_t now_us) const;

 private:
  struct model {
    std::uint64_t unpriced = 0;
    token_counts tokens;
    std::int64_t cost_nano_usd = 0;
    duration_buckets durations;
  };
  struct tier {
    std::uint64_t asked = 0, served = 0;
    duration_buckets latency;
  };
  struct outcomes {
    std::uint64_t good = 0, bad = 0;
  };
  template <class Value>
  using named = std::map<std::string, Value, std::less<>>;

  void take_event(std::string_view org, schema::Event::Reader e);
  void take_model_call(schema::Event::Reader e);
  void take_memory(schema::Event::Reader e);
  void take_cost(schema::Event::Reader e);
  void see_agent(std::string_view org, schema::Event::Reader e);

  mutable std::mutex mutex_;
  std::array<outcomes, 16> types_{};
  named<model> models_;
  named<tier> tiers_;
  named<outcomes> tools_;
  // Of every event that costs something: whose it was, and of a tool or tier which. In nano-dollars.
  named<std::int64_t> team_cost_, tool_cost_, tier_cost_;
  outcomes knowledge_;  // bad: nothing was found
  mutable std::unordered_map<std::uint64_t, std::int64_t>
      agents_;  // a hash of the name: when it was last seen
};

}  // namespace troupe::node
