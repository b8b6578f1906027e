#include "tests/support/cell_questions.hpp"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>

#include "protocol/cell_rows.hpp"

namespace troupe::testing {

owned<schema::QueryResult> ask(const memory_shard& shard, const cell_question& q) {
  return shard.query([&](schema::Query::Builder to) {
    if (q.only) q.only(to.initReadFilteredCells());
    auto asked = q.only ? to.getReadFilteredCells().initCells() : to.initReadCells();
    asked.setCube(q.cube);
    asked.setSinceUs(q.from), asked.setUntilUs(q.until);
    auto by = asked.initGroupBy(static_cast<unsigned>(q.by.size()));
    for (unsigned i = 0; i < by.size(); ++i) by.set(i, q.by[i]);
    auto where = asked.initWhere(static_cast<unsigned>(q.where.size()));
    for (unsigned i = 0; i < where.size(); ++i)
      where[i].setField(q.where[i].first), where[i].setValue(q.where[i].second.c_str());
    asked.setStep(q.step), asked.setOrder(q.order), asked.setLimit(q.limit);
    asked.setSketches(q.sketches), asked.setSample(q.sample), asked.setOffsetMinutes(q.offset_minutes);
    asked.setPacked(q.form == row_form::packed), asked.setFigures(q.figures);
  });
}

cell_answer read(const memory_shard& shard, const cell_question& q) {
  auto result = ask(shard, q);
  REQUIRE((*result).isCells());
  auto cells = (*result).getCells();
  cell_answer a;
  auto sum_of = [&](const cell_names& n, std::int64_t time_us) -> rollup& {
    if (std::find(a.order.begin(), a.order.end(), n) == a.order.end()) a.order.push_back(n);
    return a.rows[{n, time_us}];
  };
  for (auto row : cells.getRows()) {
    cell_names n;
    for (auto f : row.getFields()) n.emplace_back(view_of(f));
    sum_of(n, row.getTimeUs()).add(row.getFigures());
  }
  REQUIRE(cells.hasPacked() == (q.form == row_form::packed));
  if (cells.hasPacked()) {
    cell_rows_reader rows(view_of(cells.getPacked()));
    while (rows.next()) {
      cell_names n;
      for (auto number : rows.row()) n.emplace_back(rows.texts()[number]);
      REQUIRE(rows.add_to(sum_of(n, rows.time_us())));
    }
    REQUIRE(rows.ok());
  }
  a.other.add(cells.getOther());
  a.other_keys = cells.getOtherKeys();
  a.partial = cells.getPartial();
  a.whole_hours = cells.getWholeHours();
  a.bound = cells.getHashBound();
  return a;
}

sample_event at(std::uint64_t id, std::int64_t time_us, schema::EventType type) {
  sample_event e{id_of(id)};
  e.time_us = time_us;
  e.type = type;
  return e;
}

std::vector<sample_event> random_events(std::mt19937_64& random, std::size_t count, std::uint64_t first_id) {
  auto below = [&](std::uint64_t n) { return random() % n; };
  auto amount = [&](std::uint64_t n) { return static_cast<std::int64_t>(below(n)); };
  auto pick = [&](std::string_view of, std::uint64_t n) {
    return std::string(of) + std::to_string(below(n));
  };
  constexpr std::string_view queries[] = {"query ", " Query  ", "QUERY "};
  std::vector<sample_event> events;
  for (std::size_t i = 0; i < count; ++i) {
    auto e = at(first_id + i, monday + static_cast<std::int64_t>(below(3 * static_cast<std::uint64_t>(day))),
                static_cast<schema::EventType>(below(12)));
    e.agent = pick("agent-", 4);
    if (below(2)) e.team = pick("team-", 2);
    if (auto chance = below(5); chance < 2)
      e.status = chance == 0 ? schema::EventStatus::ERROR : schema::EventStatus::UNSET;
    if (below(2)) e.duration_us = amount(10'000'000'000);
    if (below(2)) e.model = pick("model-", 3);
    if (below(3) == 0) e.tokens = {amount(1000) + 1, amount(300), amount(900), amount(500), amount(200)};
    if (below(3) == 0) e.peer = pick("agent-", 4);
    if (below(3) == 0) e.knowledge = pick("item-", 5);
    if (below(3) == 0) e.query = pick(queries[below(3)], 5), e.items = amount(3) - 1;
    if (below(2)) e.trace = pick("trace-", 9);
    if (below(3) == 0) e.session = pick("session-", 5);
    if (below(4) == 0) e.user = pick("user-", 3);
    if (below(3) == 0) e.tool = pick("tool-", 3);
    if (below(3)) e.cost_nano_usd = amount(1'000'000);
    if (below(2)) e.attributes = R"({"n":1,"hypothesis_id":")" + pick("item-", 5) + R"("})";
    for (auto tier : {"fast", "slow"})
      if (below(4) == 0) e.latency_by_tier.emplace_back(tier, below(100'000));
    // One that was timed, perhaps under a shorter name, or one that was not.
    if (below(3) == 0)
      e.tier = "archive";
    else if (!e.latency_by_tier.empty() && below(2))
      e.tier = e.latency_by_tier[below(e.latency_by_tier.size())].first + (below(2) ? "_immediate" : "");
    events.push_back(e);
  }
  return events;
}

}  // namespace troupe::testing
