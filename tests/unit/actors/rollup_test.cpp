#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <random>
#include <tuple>

#include "tests/support/sample_events.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

using schema::Dimension;
using schema::Resolution;

struct naive {
  std::int64_t count = 0, errors = 0, hits = 0, cost = 0, input = 0, output = 0;
  std::vector<std::int64_t> durations;
};
using naive_key = std::tuple<Dimension, std::int64_t, std::string>;
using naive_table = std::map<naive_key, naive>;

std::int64_t width_us(Resolution r) {
  return r == Resolution::MINUTE ? 60'000'000LL : r == Resolution::HOUR ? 3'600'000'000LL : 86'400'000'000LL;
}

void add(naive& n, const sample_event& e) {
  ++n.count;
  n.errors += e.status == schema::EventStatus::ERROR;
  n.cost += e.cost_nano_usd;
  n.input += e.tokens.input;
  n.output += e.tokens.output;
  if (e.duration_us >= 0) n.durations.push_back(e.duration_us);
}

naive_table compute(const std::vector<sample_event>& events, Resolution resolution) {
  naive_table sums;
  for (auto& e : events) {
    auto start = e.time_us / width_us(resolution) * width_us(resolution);
    auto add_usage = [&](Dimension dimension, const std::string& key) {
      auto& n = sums[{dimension, start, key}];
      add(n, e);
      n.hits += !e.tokens.none();
    };
    add_usage(Dimension::ALL, "");
    add_usage(Dimension::AGENT, e.agent);
    if (!e.model.empty()) add_usage(Dimension::MODEL, e.model);
    if (!e.tool.empty()) add_usage(Dimension::TOOL, e.tool);
    for (auto& [tier, us] : e.latency_by_tier) {
      auto& n = sums[{Dimension::TIER, start, tier}];
      ++n.count;
      n.durations.push_back(us);
      if (e.tier.empty()) n.errors += e.status == schema::EventStatus::ERROR;
      if (tier != e.tier) continue;
      ++n.hits;
      n.cost += e.cost_nano_usd;
      n.input += e.tokens.input;
      n.output += e.tokens.output;
      n.errors += e.status == schema::EventStatus::ERROR;
    }
  }
  return sums;
}

std::vector<sample_event> random_events(std::mt19937_64& random, std::size_t count, std::uint64_t first_id) {
  auto below = [&](std::uint64_t n) { return random() % n; };
  std::vector<sample_event> events;
  for (std::size_t i = 0; i < count; ++i) {
    sample_event e{id_of(first_id + i), "agent-" + std::to_string(below(4))};
    e.time_us += static_cast<std::int64_t>(below(3ULL * 86'400'000'000ULL));
    e.status = below(5) == 0 ? schema::EventStatus::ERROR : schema::EventStatus::OK;
    e.duration_us = below(4) == 0 ? -1 : static_cast<std::int64_t>(random() >> (20 + below(44)));
    if (below(2)) e.model = "model-" + std::to_string(below(3));
    if (below(3) == 0) e.tool = "tool-" + std::to_string(below(3));
    e.tokens.input = static_cast<std::int64_t>(below(1000));
    e.tokens.output = static_cast<std::int64_t>(below(1000));
    e.cost_nano_usd = static_cast<std::int64_t>(below(1'000'000));
    for (auto tier : {"fast", "slow", "vast"})
      if (below(4) == 0) e.latency_by_tier.emplace_back(tier, below(100'000));
    if (!e.latency_by_tier.empty() && below(2)) e.tier = e.latency_by_tier.back().first;
    events.push_back(e);
  }
  return events;
}

rollup rollup_of(schema::Rollup::Reader r) {
  rollup sum;
  sum.add(r);
  return sum;
}

void check_percentiles(const rollup& actual, std::vector<std::int64_t> durations) {
  std::sort(durations.begin(), durations.end());
  for (double q : {0.5, 0.95, 0.99, 1.0}) {
    auto rank = static_cast<std::size_t>(std::ceil(q * static_cast<double>(durations.size())));
    auto exact = static_cast<double>(durations[std::max<std::size_t>(rank, 1) - 1]);
    CHECK(std::abs(static_cast<double>(actual.percentile_us(q)) - exact) <= exact / 64);
  }
}

void check_equal(const rollup& actual, const naive& expected) {
  CHECK(actual.count == expected.count);
  CHECK(actual.errors == expected.errors);
  CHECK(actual.hits == expected.hits);
  CHECK(actual.cost_nano_usd == expected.cost);
  CHECK(actual.tokens.input == expected.input);
  CHECK(actual.tokens.output == expected.output);
  REQUIRE(actual.timed == static_cast<std::int64_t>(expected.durations.size()));
  std::int64_t sum = 0, max = 0;
  for (auto d : expected.durations) sum += d, max = std::max(max, d);
  CHECK(actual.duration_sum_us == sum);
  CHECK(actual.duration_max_us == max);
  if (!expected.durations.empty()) check_percentiles(actual, expected.durations);
}

// All items of a question, page by page as a client would ask.
std::vector<std::pair<std::pair<std::int64_t, std::string>, rollup>> read_all(const memory_shard& shard,
                                                                              Resolution resolution,
                                                                              Dimension dimension,
                                                                              unsigned limit) {
  std::vector<std::pair<std::pair<std::int64_t, std::string>, rollup>> all;
  std::int64_t since = 0;
  std::string from_key;
  for (bool more = true; more;) {
    auto answer = shard.query([&](auto q) {
      auto asked = q.initReadRollups();
      asked.setResolution(resolution);
      asked.setDimension(dimension);
      asked.setSinceUs(since);
      asked.setFromKey(from_key.c_str());
      asked.setLimit(limit);
    });
    for (auto item : (*answer).getRollups())
      all.emplace_back(std::pair{item.getTimeUs(), std::string(view_of(item.getKey()))},
                       rollup_of(item.getRollup()));
    more = (*answer).getMore();
    since = (*answer).getScannedToTimeUs();
    from_key = view_of((*answer).getScannedToId());
    REQUIRE((!more || (*answer).getRollups().size() > 0));
  }
  return all;
}

}  // namespace

TEST_CASE("rollups: random streams add up to what a naive computation gives") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    memory_shard shard;
    std::vector<sample_event> stored;
    for (int batch = 0; batch < 6; ++batch) {
      auto events = random_events(random, 1 + random() % 80, stored.size() + 1);
      shard.run(append(events));
      shard.run(append(events));  // a retry changes nothing
      stored.insert(stored.end(), events.begin(), events.end());
    }
    for (auto resolution : {Resolution::MINUTE, Resolution::HOUR, Resolution::DAY}) {
      std::size_t found = 0;
      auto expected = compute(stored, resolution);
      for (auto dimension :
           {Dimension::ALL, Dimension::AGENT, Dimension::MODEL, Dimension::TOOL, Dimension::TIER})
        for (auto& [where, actual] : read_all(shard, resolution, dimension, 7)) {
          auto at = expected.find({dimension, where.first, where.second});
          REQUIRE(at != expected.end());
          check_equal(actual, at->second);
          ++found;
        }
      CHECK(found == expected.size());
    }
  }
}

TEST_CASE("rollups: one key is read through a span without the others") {
  memory_shard shard;
  std::vector<sample_event> batch;
  for (std::uint64_t i = 0; i < 60; ++i) {
    sample_event e{id_of(i), "agent-" + std::to_string(i % 3)};
    e.time_us += static_cast<std::int64_t>(i) * 60'000'000;
    batch.push_back(e);
  }
  shard.run(append(batch));
  auto ask = [&](std::int64_t since, std::int64_t until, unsigned limit) {
    return shard.query([&](auto q) {
      auto asked = q.initReadRollups();
      asked.setDimension(Dimension::AGENT);
      asked.setKey("agent-1");
      asked.setSinceUs(since);
      asked.setUntilUs(until);
      asked.setLimit(limit);
    });
  };
  auto all = ask(0, 0, 0);
  CHECK((*all).getRollups().size() == 20);
  for (auto item : (*all).getRollups()) CHECK(view_of(item.getKey()) == "agent-1");
  auto start = (*all).getRollups()[5].getTimeUs();
  CHECK((*ask(start, start + 180'000'000, 0)).getRollups().size() == 1);
  CHECK((*ask(start + 1, start + 180'000'001, 0)).getRollups().size() == 2);
  auto page = ask(0, 0, 8);
  CHECK((*page).getMore());
  CHECK((*page).getRollups().size() == 8);
  CHECK((*ask((*page).getScannedToTimeUs(), 0, 0)).getRollups().size() == 12);
}

TEST_CASE("rollups: a tier is asked once and hit when it serves") {
  struct row {
    std::vector<std::pair<std::string, std::int64_t>> asked;
    std::string serving;
    bool failed;
    std::string tier;
    std::int64_t count, hits, errors, timed, cost;
  };
  for (auto& r : std::vector<row>{
           {{{"fast", 10}, {"slow", 90}}, "slow", false, "slow", 1, 1, 0, 1, 50},
           {{{"fast", 10}, {"slow", 90}}, "slow", false, "fast", 1, 0, 0, 1, 0},
           {{}, "slow", false, "slow", 1, 1, 0, 1, 50},  // the event's own duration
           {{{"fast", 10}}, "", false, "fast", 1, 0, 0, 1, 0},
           {{{"fast", 10}, {"slow", 90}}, "slow", true, "fast", 1, 0, 0, 1, 0},
           {{{"fast", 10}, {"slow", 90}}, "slow", true, "slow", 1, 1, 1, 1, 50},
           {{{"fast", 10}}, "", true, "fast", 1, 0, 1, 1, 0},
       }) {
    memory_shard shard;
    sample_event e{id_of(1)};
    e.duration_us = 100;
    e.cost_nano_usd = 50;
    e.latency_by_tier = r.asked;
    e.tier = r.serving;
    e.status = r.failed ? schema::EventStatus::ERROR : schema::EventStatus::OK;
    shard.run(append({e}));
    bool found = false;
    for (auto& [where, sum] : read_all(shard, Resolution::MINUTE, Dimension::TIER, 10)) {
      if (where.second != r.tier) continue;
      found = true;
      CHECK(sum.count == r.count);
      CHECK(sum.hits == r.hits);
      CHECK(sum.errors == r.errors);
      CHECK(sum.timed == r.timed);
      CHECK(sum.cost_nano_usd == r.cost);
    }
    CHECK(found);
  }
}

TEST_CASE("rollups: a failed execution without a status is an error") {
  memory_shard shard;
  sample_event e{id_of(1)};
  e.type = schema::EventType::EXECUTION_FAILED;
  e.status = schema::EventStatus::UNSET;
  shard.run(append({e}));
  CHECK(read_all(shard, Resolution::DAY, Dimension::ALL, 10).front().second.errors == 1);
}

TEST_CASE("rollups: merging in any grouping gives the same sum") {
  std::mt19937_64 random(7);
  std::vector<std::string> parts;
  for (int i = 0; i < 9; ++i) {
    rollup r;
    r.count = static_cast<std::int64_t>(random() % 100);
    for (int d = 0; d < 20; ++d) r.add_duration(static_cast<std::int64_t>(random() % 1'000'000));
    parts.push_back(r.encode());
  }
  std::string left;
  for (auto& p : parts) left = merge_rollups(left, p);
  std::string right;
  for (auto p = parts.rbegin(); p != parts.rend(); ++p)
    right = merge_rollups(*p, right.empty() ? rollup().encode() : right);
  CHECK(left == right);
}
