// Cells: fixtures reckoned by hand. Streams of events against a naive computation: insight_property_test.cpp.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>

#include "actors/insight/event_facts.hpp"
#include "protocol/cells.hpp"
#include "protocol/limits.hpp"
#include "tests/support/cell_questions.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

using schema::CellField;
using schema::CellStep;
using schema::Cube;
using schema::EventType;
using schema::Resolution;
using names = cell_names;
using question = cell_question;
using answer = cell_answer;

}  // namespace

TEST_CASE("cells: a window is cut into days, hours and minutes, the latest first") {
  auto cut = cut_window(monday + 59 * minute, monday + 2 * day + hour + 2 * minute, Resolution::DAY);
  CHECK(cut == std::vector<cell_span>{
                   {Resolution::MINUTE, monday + 2 * day + hour, monday + 2 * day + hour + 2 * minute},
                   {Resolution::HOUR, monday + 2 * day, monday + 2 * day + hour},
                   {Resolution::DAY, monday + day, monday + 2 * day},
                   {Resolution::HOUR, monday + hour, monday + day},
                   {Resolution::MINUTE, monday + 59 * minute, monday + hour}});
  CHECK(cut_window(monday + minute, monday + 50 * minute, Resolution::DAY) ==
        std::vector<cell_span>{{Resolution::MINUTE, monday + minute, monday + 50 * minute}});
  CHECK(cut_window(monday, monday + day, Resolution::HOUR) ==
        std::vector<cell_span>{{Resolution::HOUR, monday, monday + day}});
  CHECK(cut_window(monday, monday, Resolution::DAY).empty());
}

TEST_CASE("cells: memory tiers count who was asked, who served, and the way between them") {
  memory_shard shard;
  auto hit_first = at(1, monday + minute, EventType::MEMORY_ACCESS);
  hit_first.tier = "redis_immediate";  // timed under its short name
  hit_first.latency_by_tier = {{"redis", 4'000}};
  hit_first.cost_nano_usd = 10;
  auto hit_third = at(2, monday + 2 * minute, EventType::MEMORY_ACCESS);
  hit_third.tier = "chromadb_semantic";
  hit_third.latency_by_tier = {{"redis", 6'000}, {"postgresql", 25'000}, {"chromadb", 150'000}};
  hit_third.cost_nano_usd = 700;
  auto missed = at(3, monday + 3 * minute, EventType::MEMORY_ACCESS);
  missed.latency_by_tier = {{"redis", 5'000}, {"postgresql", 35'000}};
  missed.status = schema::EventStatus::ERROR;
  auto untimed = at(4, monday + 4 * minute, EventType::MEMORY_ACCESS);
  untimed.tier = "archive";
  untimed.duration_us = 9'000;
  shard.run(append({hit_first, hit_third, missed, untimed}));

  auto tiers = read(shard, {.cube = Cube::TIER, .by = {CellField::TIER}, .sketches = true});
  CHECK(tiers.rows.size() == 4);
  auto& redis = tiers.at({"redis"});
  CHECK((redis.count == 3 && redis.hits == 1 && redis.errors == 1 && redis.cost_nano_usd == 10));
  CHECK((redis.duration_sum_us == 15'000 && redis.duration_max_us == 6'000));
  CHECK(std::abs(redis.percentile_us(0.5) - 5'000) <= 5'000 / 64);
  auto& chroma = tiers.at({"chromadb"});
  CHECK((chroma.count == 1 && chroma.hits == 1 && chroma.cost_nano_usd == 700 && chroma.errors == 0));
  CHECK((tiers.at({"archive"}).hits == 1 && tiers.at({"archive"}).duration_sum_us == 9'000));

  auto flow = read(shard, {.cube = Cube::FLOW, .by = {CellField::FROM, CellField::TO}});
  CHECK(flow.at({"query", "redis"}).count == 3);
  CHECK(flow.at({"query", "archive"}).count == 1);
  CHECK(flow.at({"redis", "hit"}).count == 1);
  CHECK(flow.at({"redis", "postgresql"}).count == 2);
  CHECK(flow.at({"redis", "postgresql"}).duration_sum_us == 11'000);
  CHECK(flow.at({"postgresql", "chromadb"}).count == 1);
  CHECK(flow.at({"postgresql", "miss"}).duration_sum_us == 35'000);
  CHECK(flow.rows.size() == 8);
}

TEST_CASE("cells: busy slots count nested and overlapping work once, and are cut by the window") {
  memory_shard shard;
  auto outer = at(1, monday + hour + 60 * second, EventType::EXECUTION_COMPLETED);
  outer.duration_us = 120 * second;  // 00:59:00 to 01:01:00: 12 slots
  auto inner = at(2, monday + hour + 30 * second);
  inner.duration_us = 45 * second;
  auto alone = at(3, monday + 2 * hour + 25 * second);  // an instant: one slot
  shard.run(append({outer}));
  shard.run(append({alone, inner}));
  question q{.cube = Cube::BUSY, .by = {CellField::AGENT}};
  CHECK(read(shard, q).at({"agent-1"}).count == 13);
  q.from = monday + hour, q.until = monday + 2 * hour;
  CHECK(read(shard, q).at({"agent-1"}).count == 6);
  q.until = monday + hour + minute;
  q.from = monday + 59 * minute;
  CHECK(read(shard, q).at({"agent-1"}).count == 12);
  q.step = CellStep::HOUR;
  CHECK(read(shard, q).at({"agent-1"}, monday).count == 6);
  CHECK(read(shard, q).at({"agent-1"}, monday + hour).count == 6);
}

TEST_CASE("cells: late events and events out of order land in their own minute") {
  memory_shard shard;
  shard.run(append({at(1, monday + 5 * hour), at(2, monday + 3 * hour)}));
  shard.run(append({at(3, monday + minute), at(4, monday - minute), at(5, monday + 5 * hour + minute)}));
  shard.run(append({at(3, monday + 9 * hour)}));  // known already
  question q{.cube = Cube::USAGE, .by = {}};
  CHECK(read(shard, q).at({}).count == 4);
  q.step = CellStep::HOUR;
  CHECK(read(shard, q).at({}, monday + 5 * hour).count == 2);
  CHECK(read(shard, q).at({}, monday).count == 1);
  q.step = CellStep::HOUR_OF_DAY, q.offset_minutes = 90;
  CHECK(read(shard, q).at({}, 6).count == 2);
  CHECK(read(shard, q).at({}, 1).count == 1);
  q = {.cube = Cube::USAGE, .by = {}, .from = monday + minute, .until = monday + 5 * hour + minute};
  CHECK(read(shard, q).at({}).count == 3);
}

TEST_CASE("cells: searches without a result are told apart from those with one") {
  memory_shard shard;
  auto ask = [](std::uint64_t id, std::string text, std::int64_t items) {
    auto e = at(id, monday + static_cast<std::int64_t>(id) * minute, EventType::MEMORY_ACCESS);
    e.query = std::move(text), e.items = items;
    return e;
  };
  shard.run(append({ask(1, "Magnesium  and REM\tsleep ", 0), ask(2, "magnesium and rem sleep", 0),
                    ask(3, "hrv", 2), ask(4, "hrv", 0), ask(5, "unknown count", -1)}));
  auto texts =
      read(shard, {.cube = Cube::SEARCH, .by = {CellField::TEXT}, .order = schema::CellOrder::MISSES});
  CHECK(texts.order == std::vector<names>{{"magnesium and rem sleep"}, {"hrv"}});
  CHECK(texts.at({"magnesium and rem sleep"}).count == 2);
  CHECK(texts.at({"hrv"}).hits == 1);
  auto kinds = read(shard, {.cube = Cube::SEARCH, .by = {CellField::TEXT, CellField::KIND}});
  CHECK(kinds.at({"hrv", "miss"}).extent.last_us == monday + 4 * minute);
  CHECK(kinds.at({"hrv", "hit"}).extent.last_us == monday + 3 * minute);
}

TEST_CASE("cells: a hypothesis keeps its states, whichever came first") {
  memory_shard shard;
  auto validated = at(1, monday + 3 * hour, EventType::HYPOTHESIS_VALIDATED);
  validated.attributes = R"({"nested":{"hypothesis_id":"wrong"},"hypothesis_id":"h-1"})";
  auto formed = at(2, monday + hour, EventType::HYPOTHESIS_FORMED);
  formed.attributes = R"({"hypothesis_id" : "h-1","hypothesis":"HRV predicts sleep"})";
  auto nameless = at(3, monday + hour, EventType::HYPOTHESIS_FORMED);
  shard.run(append({validated}));
  shard.run(append({formed, nameless}));
  auto states = read(shard, {.cube = Cube::HYPOTHESIS_STATE,
                             .by = {CellField::ID, CellField::KIND, CellField::AGENT, CellField::LABEL}});
  CHECK(states.rows.size() == 3);
  CHECK(states.at({"h-1", "validated", "agent-1", ""}).extent.first_us == monday + 3 * hour);
  CHECK(states.at({"h-1", "formed", "agent-1", "HRV predicts sleep"}).extent.first_us == monday + hour);
  CHECK(states.at({to_string(id_of(3)), "formed", "agent-1", ""}).count == 1);
  auto kinds = read(shard, {.cube = Cube::HYPOTHESIS, .by = {CellField::KIND}});
  CHECK((kinds.at({"formed"}).count == 2 && kinds.at({"validated"}).count == 1));
}

TEST_CASE("cells: what does not fit into an answer is summed up") {
  memory_shard shard;
  std::vector<sample_event> batch;
  for (std::uint64_t i = 1; i <= 20; ++i) {
    auto e = at(i, monday + minute);
    e.model = "model-" + std::to_string(i);
    e.cost_nano_usd = static_cast<std::int64_t>(i);
    batch.push_back(e);
  }
  shard.run(append(batch));
  auto top = read(
      shard, {.cube = Cube::USAGE, .by = {CellField::MODEL}, .order = schema::CellOrder::COST, .limit = 3});
  CHECK(top.order == std::vector<names>{{"model-20"}, {"model-19"}, {"model-18"}});
  CHECK(top.other_keys == 17);
  CHECK(top.other.cost_nano_usd == 17 * 18 / 2);
}

TEST_CASE("cells: a sample is complete up to its bound, and joins a trace over hours") {
  memory_shard shard;
  std::vector<sample_event> batch;
  for (std::uint64_t i = 0; i < 400; ++i) {
    auto e = at(i + 1, monday + static_cast<std::int64_t>(i % 5) * hour);
    e.trace = "trace-" + std::to_string(i / 5);
    e.agent = "agent-" + std::to_string(i % 2);
    e.cost_nano_usd = 1;
    batch.push_back(e);
  }
  shard.run(append(batch));
  auto all = read(shard, {.cube = Cube::TRACE, .by = {}, .sample = 1000});
  CHECK(all.bound == 0);
  CHECK(all.rows.size() == 160);
  auto some = read(shard, {.cube = Cube::TRACE, .by = {}, .sample = 50});
  CHECK(some.bound != 0);
  CHECK(some.rows.size() <= 50);
  CHECK(some.rows.size() >= 48);
  for (auto& [where, r] : some.rows) CHECK(all.at(where.first).count == r.count);
  std::map<std::string, std::int64_t> by_trace;
  for (auto& [where, r] : some.rows) by_trace[where.first[0]] += r.count;
  for (auto& [trace, n] : by_trace) CHECK(n == 5);
  for (auto form : {row_form::listed, row_form::packed}) {
    auto agents = read(shard, {.cube = Cube::TRACE,
                               .by = {CellField::AGENT},
                               .sample = 50,
                               .form = form,
                               .figures = schema::CellFigures::COUNT});
    CHECK(agents.bound == some.bound);
    CHECK(agents.rows.size() == 2);
    std::int64_t count = 0;
    for (auto& [where, r] : agents.rows) {
      count += r.count;
      CHECK(r.cost_nano_usd == 0);
    }
    CHECK(count == static_cast<std::int64_t>(5 * by_trace.size()));
  }
}

TEST_CASE("cells: a name is sought in all of time, but only where there are records") {
  constexpr auto end_of_time = cell_time_us_max;
  memory_shard shard;
  auto late = at(1, end_of_time - day);
  late.trace = "trace";
  auto early = at(2, monday);
  early.trace = "trace";
  shard.run(append({early}));
  shard.run(append({late}));
  auto sought = [&](Cube cube, CellField field, const char* name) {
    return read(
        shard,
        {.cube = cube, .by = {}, .from = -end_of_time, .until = end_of_time, .where = {{field, name}}});
  };
  for (auto& all :
       {sought(Cube::USAGE, CellField::AGENT, "agent-1"), sought(Cube::TRACE, CellField::TRACE, "trace")}) {
    CHECK(!all.partial);
    CHECK(all.at({}).count == 2);
  }
  // A name that is not in a bucket costs a look, and looks are bounded.
  std::vector<sample_event> others;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    others.push_back(at(10 + i, monday + static_cast<std::int64_t>(i) * day));
    others.back().agent = "agent-2";
  }
  shard.run(append(others));
  cell_question many{.cube = Cube::USAGE, .by = {}, .from = -end_of_time, .until = end_of_time};
  many.where.emplace_back(CellField::AGENT, "agent-1");
  for (std::size_t i = 0; i < limits::query_scan_max / others.size(); ++i)
    many.where.emplace_back(CellField::AGENT, "unknown-" + std::to_string(i));
  auto found = read(shard, many);
  CHECK(found.partial);
  CHECK(found.at({}).count == 1);  // the latest
}

TEST_CASE(
    "cells: hours of the day that begin within hours of UTC are exact, unless that is too much to look at") {
  memory_shard shard;
  std::vector<sample_event> others;
  for (std::uint64_t i = 0; i < 24 * 60; ++i) {
    others.push_back(at(10 + i, monday + static_cast<std::int64_t>(i) * minute));
    others.back().agent = "agent-2";
  }
  shard.run(append(others));
  shard.run(append({at(1, monday + 10 * minute), at(2, monday + 40 * minute)}));
  question q{.cube = Cube::USAGE, .by = {}, .where = {{CellField::AGENT, "agent-1"}}};
  q.step = CellStep::HOUR_OF_DAY, q.offset_minutes = 330;
  CHECK(read(shard, q).at({}, 5).count == 1);
  CHECK(read(shard, q).at({}, 6).count == 1);
  CHECK(!read(shard, q).whole_hours);
  // Each name costs a look in each bucket.
  for (std::size_t i = 0; i < limits::query_scan_max / others.size(); ++i)
    q.where.emplace_back(CellField::AGENT, "unknown-" + std::to_string(i));
  auto whole = read(shard, q);
  CHECK((!whole.partial && whole.whole_hours));
  CHECK(whole.at({}, 5).count == 2);
  q.where = {{CellField::AGENT, "agent-1"}}, q.until = monday + 4 * day;
  CHECK(read(shard, q).at({}, 5).count == 2);
  CHECK(read(shard, q).whole_hours);
  q.offset_minutes = 300;
  CHECK(!read(shard, q).whole_hours);
}

TEST_CASE("cells: a question that cannot be answered is refused with the reason") {
  memory_shard shard;
  auto refused = [&](const cell_question& q) {
    auto answer = ask(shard, q);
    return (*answer).isRefused() ? static_cast<errc>((*answer).getRefused().getCode()) : errc::none;
  };
  CHECK(refused({.cube = Cube::USAGE, .by = {CellField::AGENT}}) == errc::none);
  CHECK(refused({.cube = static_cast<Cube>(999), .by = {}}) == errc::unsupported);
  CHECK(refused({.cube = Cube::USAGE, .by = {CellField::ITEM}}) == errc::unsupported);
  CHECK(refused({.cube = Cube::USAGE, .by = {}, .where = {{CellField::ITEM, "x"}}}) == errc::unsupported);
  CHECK(refused({.cube = Cube::USAGE, .by = {}, .sample = 10}) == errc::unsupported);
  CHECK(refused({.cube = Cube::USAGE, .by = std::vector(100, CellField::AGENT)}) == errc::invalid_argument);
}

TEST_CASE("cells: texts of events are read as documented") {
  using namespace troupe::insight;
  CHECK(search_text("  A\n b  ") == "a b");
  const std::string long_text(255, 'x');
  CHECK(search_text(std::string(long_text).append("ü")) == long_text);
  CHECK(attribute_text(R"({"a":{"id":1},"id":"x\"y"})", "id").empty());
  CHECK(attribute_text(R"({"a":["id","id"],"id":"v"})", "id") == "v");
  CHECK(attribute_text(R"({"x":"id","id":"v"})", "id") == "v");
  CHECK(attribute_text(R"({"id":5})", "id").empty());
  CHECK(attribute_text("{\"id", "id").empty());
  CHECK(attribute_text("", "id").empty());
}
