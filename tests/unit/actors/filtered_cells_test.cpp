// Cells that are counted anew, of the events that meet a filter: bounds, refusals, what was at work long before it said so.
// That they are exact: insight_property_test.
#include <catch2/catch_test_macros.hpp>

#include "protocol/errc.hpp"
#include "protocol/limits.hpp"
#include "tests/support/cell_questions.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

using schema::CellField;
using schema::Cube;

cell_question of_model(Cube cube, std::vector<CellField> by, const std::string& model) {
  cell_question q{.cube = cube, .by = std::move(by)};
  q.only = [model](schema::ReadFilteredCells::Builder to) { to.initFilter().setModel(model.c_str()); };
  return q;
}

// So many of each model in turn, the later ones a microsecond later.
void store(memory_shard& shard, std::size_t count, const std::vector<std::string>& models) {
  constexpr std::size_t batch = 1'000;
  std::vector<sample_event> events;
  for (std::uint64_t i = 0; i < count; ++i) {
    events.push_back(at(i + 1, monday + static_cast<std::int64_t>(i)));
    events.back().model = models[i % models.size()];
    events.back().session = "session-" + std::to_string(i % 3);
    if (events.size() < batch && i + 1 < count) continue;
    shard.run(append(events));
    events.clear();
  }
}

}  // namespace

TEST_CASE("filtered cells: what no cube has a field of is counted of the events") {
  memory_shard shard;
  store(shard, 600, {"a", "b"});
  auto by_session = read(shard, of_model(Cube::SESSION, {CellField::SESSION}, "a"));
  CHECK(by_session.rows.empty());  // without tokens or cost none counts there
  auto all = read(shard, of_model(Cube::BUSY, {CellField::AGENT}, "a"));
  CHECK((all.at({"agent-1"}).count == 1 && !all.partial));
  CHECK(read(shard, of_model(Cube::USAGE, {}, "a")).at({}).count == 300);
  CHECK(read(shard, of_model(Cube::USAGE, {}, "nobody's")).rows.empty());
}

TEST_CASE("filtered cells: beyond the bound the latest are counted, and the answer says that it is partial") {
  constexpr std::size_t counted_max = 50'000;
  memory_shard shard;
  store(shard, counted_max + 1, {"a"});
  auto answer = read(shard, of_model(Cube::USAGE, {}, "a"));
  CHECK((answer.partial && answer.at({}).count == counted_max));
  auto q = of_model(Cube::USAGE, {}, "a");
  q.only = [](schema::ReadFilteredCells::Builder to) { to.initFilter().setSessionId("session-1"); };
  auto third = read(shard, q);
  CHECK((!third.partial && third.at({}).count == counted_max / 3 + 1));
}

TEST_CASE("filtered cells: an agent was at work before the window's end, though it said so after it") {
  memory_shard shard;
  auto late = at(1, monday + 30 * hour);
  late.duration_us = 8 * hour, late.model = "a";
  shard.run(append({late}));
  auto q = of_model(Cube::BUSY, {CellField::AGENT}, "a");
  CHECK(read(shard, q).at({"agent-1"}).count == 2 * hour / (10 * second));
}

TEST_CASE("filtered cells: what cannot be counted anew is refused") {
  memory_shard shard;
  auto refused = [&](const cell_question& q) {
    auto answer = ask(shard, q);
    return (*answer).isRefused() ? static_cast<errc>((*answer).getRefused().getCode()) : errc::none;
  };
  CHECK(refused(of_model(Cube::USAGE, {CellField::AGENT}, "a")) == errc::none);
  CHECK(refused(of_model(Cube::TOTAL, {}, "a")) == errc::unsupported);
  CHECK(refused(of_model(static_cast<Cube>(999), {}, "a")) == errc::unsupported);
  CHECK(refused(of_model(Cube::USAGE, {CellField::ITEM}, "a")) == errc::unsupported);
  auto q = of_model(Cube::USAGE, {}, "a");
  q.only = [](schema::ReadFilteredCells::Builder to) { to.initFilter().setType("nothing"); };
  CHECK(refused(q) == errc::invalid_argument);
}
