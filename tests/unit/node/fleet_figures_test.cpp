// What /metrics says of the fleet: events fed by hand, figures reckoned by hand.
#include "node/fleet_figures.hpp"

#include <capnp/message.h>

#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>

#include <functional>
#include <optional>

#include "protocol/message.hpp"
#include "protocol/schema/reply.capnp.h"

using namespace troupe;
using namespace troupe::node;

namespace {

constexpr std::int64_t now_us = 1'800'000'000'000'000;

bool leads_all(std::uint16_t) { return true; }

// A feed of shard 1 with one batch of events, each filled in by 'fill' from its number.
std::string feed_of(unsigned count, const std::function<void(unsigned, schema::Event::Builder)>& fill) {
  capnp::MallocMessageBuilder inner;
  auto fact = inner.initRoot<schema::Fact>();
  fact.setOrg("default");
  auto events = fact.initEventsAppended().initEvents(count);
  for (unsigned i = 0; i < count; ++i) {
    events[i].setTimeUs(now_us - 1'000'000);
    events[i].setReceivedUs(now_us);
    events[i].setAgentId("a");
    fill(i, events[i]);
  }
  auto bytes = to_bytes(inner);
  capnp::MallocMessageBuilder outer;
  auto feed = outer.initRoot<schema::Feed>();
  feed.setShard(1);
  feed.initFacts(1).set(0, data_of(bytes));
  return to_bytes(outer);
}

struct fleet {
  fleet_figures figures;
  void take(unsigned count, const std::function<void(unsigned, schema::Event::Builder)>& fill) {
    figures.take(feed_of(count, fill), leads_all);
  }
  // The metric of that name whose labels are these.
  std::optional<prometheus::ClientMetric> find(
      std::string_view name, const std::vector<std::pair<std::string, std::string>>& labels = {}) const {
    for (const auto& family : figures.read(now_us)) {
      if (family.name != name) continue;
      for (const auto& m : family.metric) {
        bool same = m.label.size() == labels.size();
        for (std::size_t i = 0; same && i < labels.size(); ++i)
          same = m.label[i].name == labels[i].first && m.label[i].value == labels[i].second;
        if (same) return m;
      }
    }
    return std::nullopt;
  }
  double count(std::string_view name,
               const std::vector<std::pair<std::string, std::string>>& labels = {}) const {
    auto found = find(name, labels);
    return found ? found->counter.value : -1;
  }
};

void model_call(schema::Event::Builder e, const char* model) {
  e.setType(schema::EventType::LLM_CALL);
  e.setModel(model);
}

}  // namespace

TEST_CASE("fleet figures: kinds of tokens add up to what was used, and each is counted once") {
  fleet f;
  f.take(2, [](unsigned i, auto e) {
    model_call(e, "m");
    auto t = e.initTokens();
    t.setInput(1000);
    t.setCacheRead(600);
    t.setCacheWrite(100);
    t.setOutput(50);
    t.setReasoning(20);
    e.setCostNanoUsd(i == 0 ? 1'500'000'000 : 0);
    e.setCostSource(i == 0 ? schema::CostSource::PRICED : schema::CostSource::NONE);
    e.setDurationUs(2'000'000);
  });
  auto tokens = [&](const char* kind) {
    return f.count("troupe_fleet_tokens_total", {{"model", "m"}, {"kind", kind}});
  };
  CHECK(tokens("input") == 600);
  CHECK(tokens("cache_read") == 1200);
  CHECK(tokens("cache_write") == 200);
  CHECK(tokens("output") == 60);
  CHECK(tokens("reasoning") == 40);
  CHECK(f.count("troupe_fleet_cost_usd_total", {{"model", "m"}}) == Catch::Approx(1.5));
  CHECK(f.count("troupe_fleet_unpriced_calls_total", {{"model", "m"}}) == 1);
  auto took = f.find("troupe_fleet_model_call_duration_seconds", {{"model", "m"}});
  REQUIRE(took);
  CHECK(took->histogram.sample_count == 2);
  CHECK(took->histogram.sample_sum == Catch::Approx(4.0));
  for (const auto& b : took->histogram.bucket) CHECK(b.cumulative_count == (b.upper_bound >= 2 ? 2U : 0U));
}

TEST_CASE("fleet figures: each tier that was asked counts, and the one that served is a hit") {
  fleet f;
  f.take(3, [](unsigned i, auto e) {
    e.setType(schema::EventType::MEMORY_ACCESS);
    e.setTier(i == 2 ? "chromadb" : i == 1 ? "postgresql_structured" : "postgresql");
    e.setDurationUs(5000);
    if (i == 2) return;
    auto asked = e.initLatencyByTier(2);
    asked[0].setTier("redis");
    asked[0].setLatencyUs(900);
    asked[1].setTier("postgresql");
    asked[1].setLatencyUs(4000);
  });
  auto asked = [&](const char* tier) {
    return f.count("troupe_fleet_memory_requests_total", {{"tier", tier}});
  };
  auto served = [&](const char* tier) { return f.count("troupe_fleet_memory_hits_total", {{"tier", tier}}); };
  CHECK(asked("redis") == 2);
  CHECK(served("redis") == 0);
  CHECK(asked("postgresql") == 2);
  CHECK(served("postgresql") == 2);
  CHECK(asked("chromadb") == 1);
  CHECK(served("chromadb") == 1);
  CHECK(f.find("troupe_fleet_memory_latency_seconds", {{"tier", "chromadb"}})->histogram.sample_sum ==
        Catch::Approx(0.005));
}

TEST_CASE("fleet figures: knowledge that was not found, tools that failed, and events by type") {
  fleet f;
  f.take(4, [](unsigned i, auto e) {
    if (i == 0) return e.setType(schema::EventType::COLLABORATION);
    if (i == 1) {
      e.setType(schema::EventType::TOOL_CALL);
      e.setTool("search");
      return e.setStatus(schema::EventStatus::ERROR);
    }
    e.setType(schema::EventType::KNOWLEDGE_ACCESS);
    e.setItemsRetrieved(i == 2 ? 0 : 7);
  });
  CHECK(f.count("troupe_fleet_knowledge_accesses_total", {{"outcome", "nothing"}}) == 1);
  CHECK(f.count("troupe_fleet_knowledge_accesses_total", {{"outcome", "found"}}) == 1);
  CHECK(f.count("troupe_fleet_tool_calls_total", {{"tool", "search"}, {"status", "error"}}) == 1);
  CHECK(f.count("troupe_fleet_tool_calls_total", {{"tool", "search"}, {"status", "ok"}}) == 0);
  CHECK(f.count("troupe_fleet_events_total", {{"type", "collaboration"}, {"status", "ok"}}) == 1);
  CHECK(f.count("troupe_fleet_events_total", {{"type", "tool.call"}, {"status", "error"}}) == 1);
  CHECK(f.count("troupe_fleet_events_total", {{"type", "custom"}, {"status", "ok"}}) == 0);
}

TEST_CASE(
    "fleet figures: an agent is active for five minutes after its last event, by the event's own time") {
  fleet f;
  f.take(4, [](unsigned i, auto e) {
    e.setAgentId("agent " + std::to_string(i / 2));
    if (i == 2) e.setTimeUs(now_us - fleet_figures::active_us - 1);  // its only other event is as old
    if (i == 3) e.setTimeUs(now_us - fleet_figures::active_us - 2);
    if (i == 1) e.setTimeUs(now_us + 3'600'000'000);  // a clock that is ahead does not keep it active
  });
  auto active = [&](std::int64_t at) {
    for (const auto& family : f.figures.read(at))
      if (family.name == "troupe_fleet_agents_active") return family.metric.at(0).gauge.value;
    return -1.0;
  };
  CHECK(active(now_us) == 1);
  CHECK(active(now_us + fleet_figures::active_us) == 1);
  CHECK(active(now_us + fleet_figures::active_us + 1) == 0);
}

TEST_CASE("fleet figures: cost goes to the team, and to the tool or the tier that it was for") {
  fleet f;
  f.take(5, [](unsigned i, schema::Event::Builder e) {
    e.setTeam(i < 3 ? "research" : "");
    e.setCostNanoUsd(i == 4 ? 0 : 1'000'000'000);
    if (i == 0) e.setType(schema::EventType::TOOL_CALL), e.setTool("search");
    if (i == 1) e.setType(schema::EventType::MEMORY_ACCESS), e.setTier("redis_immediate");
    if (i == 3) e.setType(schema::EventType::TOOL_CALL);
  });
  auto cost = [&](const char* family, const char* label, const char* name) {
    auto m = f.find(family, {{label, name}});
    return m ? m->counter.value : 0;
  };
  CHECK(cost("troupe_fleet_team_cost_usd_total", "team", "research") == 3);
  CHECK(cost("troupe_fleet_team_cost_usd_total", "team", "other") == 1);
  CHECK(cost("troupe_fleet_tool_cost_usd_total", "tool", "search") == 1);
  CHECK(cost("troupe_fleet_tool_cost_usd_total", "tool", "other") == 1);
  CHECK(cost("troupe_fleet_memory_cost_usd_total", "tier", "redis_immediate") == 1);
}

TEST_CASE("fleet figures: names beyond the bound share one series, and nothing is lost") {
  fleet f;
  f.take(200, [](unsigned i, auto e) {
    model_call(e, ("model " + std::to_string(i)).c_str());
    e.initTokens().setInput(1);
  });
  double sum = 0;
  std::size_t series = 0;
  for (const auto& family : f.figures.read(now_us)) {
    if (family.name != "troupe_fleet_tokens_total") continue;
    series = family.metric.size();
    for (const auto& m : family.metric) sum += m.counter.value;
  }
  CHECK(sum == 200);
  CHECK(series == 5 * (fleet_figures::names_max + 1));
  CHECK(f.count("troupe_fleet_tokens_total", {{"model", "other"}, {"kind", "input"}}) ==
        200 - fleet_figures::names_max);
}

TEST_CASE(
    "fleet figures: the feed of a shard that is led elsewhere, and bytes that are no feed, count nothing") {
  fleet f;
  auto feed = feed_of(1, [](unsigned, auto e) { e.setType(schema::EventType::COLLABORATION); });
  f.figures.take(feed, [](std::uint16_t shard) { return shard != 1; });
  f.figures.take("no feed at all", leads_all);
  f.figures.take(feed.substr(0, feed.size() / 2), leads_all);
  CHECK(f.count("troupe_fleet_events_total", {{"type", "collaboration"}, {"status", "ok"}}) == 0);
}
