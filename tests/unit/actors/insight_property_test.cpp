// Cells: for random streams of events every figure of every cube is what a naive computation over the raw events gives, for
// any window, step, grouping and condition, of one shard and of several whose answers are added up as the edge does.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <functional>
#include <random>
#include <set>

#include "http/insight/cell_sums.hpp"
#include "protocol/cells.hpp"
#include "tests/support/naive_cells.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

using schema::CellField;
using schema::CellStep;
using schema::Cube;
using question = cell_question;

constexpr Cube cubes[] = {Cube::USAGE,      Cube::SESSION,   Cube::TRACE,  Cube::TIER,
                          Cube::FLOW,       Cube::KNOWLEDGE, Cube::SEARCH, Cube::CONTEXT,
                          Cube::HYPOTHESIS, Cube::EDGE,      Cube::BUSY,   Cube::HYPOTHESIS_STATE,
                          Cube::TOTAL,      Cube::TEAM,      Cube::MODEL,  Cube::TOOL};
// Those that keep how durations lie.
bool has_percentiles(Cube cube) {
  return cube == Cube::USAGE || cube == Cube::TIER || cube == Cube::TOTAL || cube == Cube::MODEL ||
         cube == Cube::TOOL;
}

// An agent's events lie in one shard.
class fleet {
 public:
  explicit fleet(std::size_t shards) : shards_(shards) {}

  void store(std::vector<sample_event> events) {
    std::vector<std::vector<sample_event>> parts(shards_.size());
    for (auto& e : events) parts[static_cast<std::size_t>(e.agent.back()) % parts.size()].push_back(e);
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (parts[i].empty()) continue;
      shards_[i].run(append(parts[i]));
      shards_[i].run(append(parts[i]));  // a retry changes nothing
    }
    join_teams(events, teams_);
    stored_.insert(stored_.end(), events.begin(), events.end());
  }
  std::size_t shards() const { return shards_.size(); }
  const std::vector<sample_event>& stored() const { return stored_; }

  http::cell_table ask(const question& q) const {
    std::vector<owned<schema::QueryResult>> answers;
    for (auto& shard : shards_) answers.push_back(testing::ask(shard, q));
    http::results found;
    for (auto& answer : answers) {
      REQUIRE((*answer).isCells());
      found.push_back(*answer);
    }
    http::cell_question asked{.cube = q.cube, .by = q.by, .window = {}, .step = q.step, .order = q.order};
    asked.limit = q.limit, asked.sample = q.sample;
    auto table = http::add_up(found, asked);
    REQUIRE(table);
    return *table;
  }

 private:
  std::vector<memory_shard> shards_;
  team_of_agent teams_;
  std::vector<sample_event> stored_;
};

std::map<row_key, rollup> rows_of(const http::cell_table& t, CellStep step) {
  std::map<row_key, rollup> rows;
  for (auto& g : t.groups) {
    if (step == CellStep::NONE) rows[{g.names, 0}] = g.total;
    for (auto& [time, r] : g.steps) rows[{g.names, time}] = r;
  }
  return rows;
}

std::string told(const row_key& key, const row_figures& figures) {
  std::string out;
  for (auto& name : key.first) out += name + ", ";
  out += "at " + std::to_string(key.second) + ":";
  for (std::size_t i = 0; i < figures.size(); ++i)
    if (figures[i] != 0) out += std::string(" ") + figure_names[i] + " " + std::to_string(figures[i]);
  return out;
}

// What is told of each row, as lines: those that differ are shown.
std::vector<std::string> lines(const std::map<row_key, rollup>& rows) {
  std::vector<std::string> all;
  for (auto& [key, r] : rows) all.push_back(told(key, figures_of(r)));
  return all;
}
std::vector<std::string> lines(const naive_rows& rows) {
  std::vector<std::string> all;
  for (auto& [key, r] : rows) all.push_back(told(key, r.figures));
  return all;
}
std::vector<std::string> lines_without(const std::vector<std::string>& all,
                                       const std::vector<std::string>& other) {
  std::vector<std::string> out;
  std::set_difference(all.begin(), all.end(), other.begin(), other.end(), std::back_inserter(out));
  return out;
}

// Within what is said of the sketch: 1/128 of the value.
std::vector<std::string> percentiles_off(const std::map<row_key, rollup>& rows, const naive_rows& expected) {
  std::vector<std::string> off;
  for (auto& [key, r] : rows)
    for (double q : {0.01, 0.5, 0.95, 0.99, 1.0}) {
      auto exact = expected.at(key).percentile_us(q), got = r.percentile_us(q);
      if (std::abs(got - exact) * 128 > exact)
        off.push_back(told(key, figures_of(r)) + " p" + std::to_string(q) + " " + std::to_string(got) +
                      " against " + std::to_string(exact));
    }
  return off;
}

// What is added up, of all rows together.
row_figures sums_of(const std::vector<row_figures>& rows) {
  naive_row sum;
  for (auto& figures : rows) sum.add({figures, {}});
  return sum.figures;
}

void check(const fleet& f, const question& q, const std::vector<naive_part>& parts) {
  auto expected = naive_answer(parts, q);
  if (q.figures == schema::CellFigures::COUNT)
    for (auto& [key, r] : expected) r = {{r.figures[0]}, {}};
  auto answer = f.ask(q);
  auto rows = rows_of(answer, q.step);
  CHECK((answer.complete && answer.rate == 1));
  // What does not fit into an answer is in 'other': nothing is lost.
  std::vector<row_figures> all_told{figures_of(answer.other)}, all;
  for (auto& [key, r] : rows) all_told.push_back(figures_of(r));
  for (auto& [key, r] : expected) all.push_back(r.figures);
  REQUIRE(told({}, sums_of(all_told)) == told({}, sums_of(all)));
  // Then each shard has chosen its own, and a row has what those shards that chose it know.
  if (answer.other_keys != 0 && f.shards() > 1) return;
  auto got = lines(rows), wanted = lines(expected);
  std::sort(got.begin(), got.end());
  std::sort(wanted.begin(), wanted.end());
  REQUIRE(lines_without(got, wanted) == std::vector<std::string>());
  if (answer.other_keys == 0) REQUIRE(lines_without(wanted, got) == std::vector<std::string>());
  if (q.sketches && has_percentiles(q.cube))
    REQUIRE(percentiles_off(rows, expected) == std::vector<std::string>());
}

CellStep random_step(std::mt19937_64& random) {
  constexpr CellStep steps[] = {CellStep::NONE, CellStep::MINUTE, CellStep::HOUR, CellStep::DAY,
                                CellStep::HOUR_OF_DAY};
  return steps[random() % std::size(steps)];
}

question random_question(Cube cube, std::mt19937_64& random) {
  auto below = [&](std::uint64_t n) { return random() % n; };
  auto a = monday + static_cast<std::int64_t>(below(4320)) * minute;
  auto b = monday + static_cast<std::int64_t>(below(4320)) * minute;
  question q{.cube = cube, .by = {}, .from = std::min(a, b), .until = std::max(a, b)};
  q.form = below(2) ? row_form::packed : row_form::listed;
  auto& shape = *shape_of(cube);
  // Traces, sessions and contexts are also asked for as a sample that has all of them: without steps, all names told.
  if (shape.is_hashed && below(2)) {
    q.sample = 5'000;
    q.by = {shape.fields.begin(), shape.fields.end()};
    return q;
  }
  for (auto field : shape.fields)
    if (below(2)) q.by.push_back(field);
  std::shuffle(q.by.begin(), q.by.end(), random);
  q.sketches = below(2) != 0;
  if (below(4) == 0) q.limit = 3;
  if (below(4) == 0) q.figures = schema::CellFigures::COUNT;
  if (shape.spans == cell_spans::timeless) return q;
  q.step = random_step(random);
  // As 'utc_offset_minutes' allows; half and quarter hours as they are in India and Nepal.
  q.offset_minutes = static_cast<int>(below(105)) * 15 - 720;
  return q;
}

// About half of the names that are there, of some fields; once in a while so many that groups are held against them, not
// cells.
void add_conditions(question& q, const std::vector<naive_part>& parts, std::mt19937_64& random) {
  for (auto field : shape_of(q.cube)->fields) {
    if (random() % 3) continue;
    std::set<std::string> names{"nobody"};
    for (auto& p : parts)
      if (auto& name = p.fields.at(field); names.size() < 40 && random() % 2) names.insert(name);
    for (int more = random() % 2 ? 10 : 0; more > 0; --more) names.insert("nobody " + std::to_string(more));
    for (auto& name : names) q.where.emplace_back(field, name);
  }
}

// What only events tell: random names, and the events that have them all.
struct event_choice {
  std::function<void(schema::ReadFilteredCells::Builder)> ask;
  std::vector<sample_event> events;
};

bool concerns(const sample_event& e, const std::string& tier) {
  if (e.tier == tier) return true;
  return std::any_of(e.latency_by_tier.begin(), e.latency_by_tier.end(),
                     [&](auto& asked) { return asked.first == tier; });
}
// The timed one, whatever goes on after its name.
std::string served_by(const sample_event& e) {
  for (auto& [tier, us] : e.latency_by_tier)
    if (e.tier == tier || e.tier == tier + "_immediate") return tier;
  return e.tier;
}

event_choice random_choice(const std::vector<sample_event>& all, std::mt19937_64& random) {
  auto& like = all[random() % all.size()];
  auto chosen = [&](const std::string& name) { return random() % 3 == 0 ? name : std::string(); };
  auto model = chosen(like.model), session = chosen(like.session), user = chosen(like.user);
  auto tool = chosen(like.tool), agent = chosen(like.agent), team = chosen(like.team),
       trace = chosen(like.trace);
  auto tier = chosen(like.tier), served = chosen(served_by(like));
  bool failed = random() % 4 == 0;
  event_choice choice;
  choice.ask = [=](schema::ReadFilteredCells::Builder to) {
    auto filter = to.initFilter();
    filter.setModel(model), filter.setSessionId(session), filter.setUserId(user), filter.setTool(tool);
    filter.setAgentId(agent), filter.setTeam(team), filter.setTraceId(trace), filter.setTier(tier);
    if (failed) filter.setStatus("error");
    to.setServedBy(served);
  };
  auto agrees = [](const std::string& wanted, const std::string& has) {
    return wanted.empty() || wanted == has;
  };
  for (auto& e : all)
    if (agrees(model, e.model) && agrees(session, e.session) && agrees(user, e.user) &&
        agrees(tool, e.tool) && agrees(agent, e.agent) && agrees(team, e.team) && agrees(trace, e.trace) &&
        agrees(served, served_by(e)) && (tier.empty() || concerns(e, tier)) &&
        (!failed || e.status == schema::EventStatus::ERROR))
      choice.events.push_back(e);
  return choice;
}

void check_filtered(const fleet& f, Cube cube, std::mt19937_64& random) {
  if (shape_of(cube)->dimension) return;  // rollups are not counted anew
  auto choice = random_choice(f.stored(), random);
  auto parts = naive_parts(cube, choice.events);
  auto q = random_question(cube, random);
  q.only = choice.ask;
  CAPTURE(static_cast<int>(cube), static_cast<int>(q.step), q.offset_minutes, q.from, q.until, q.sample,
          choice.events.size());
  check(f, q, parts);
  add_conditions(q, parts, random);
  check(f, q, parts);
}

void check_stream(std::uint64_t seed, std::size_t shards) {
  CAPTURE(seed, shards);
  std::mt19937_64 random(seed);
  fleet f(shards);
  for (int batch = 0; batch < 4; ++batch) {
    f.store(random_events(random, 1 + random() % 150, f.stored().size() + 1));
    for (auto cube : cubes) {
      auto parts = naive_parts(cube, f.stored());
      for (int n = 0; n < 4; ++n) {
        auto q = random_question(cube, random);
        CAPTURE(static_cast<int>(cube), static_cast<int>(q.step), q.offset_minutes, q.from, q.until,
                q.sample);
        check(f, q, parts);
        add_conditions(q, parts, random);
        check(f, q, parts);
        check_filtered(f, cube, random);
      }
    }
  }
}

}  // namespace

TEST_CASE("cells: random streams and windows give what a naive computation over the events gives") {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) check_stream(seed, 1);
}

TEST_CASE("cells: of several shards, added up, a naive computation over the events gives the same") {
  for (std::uint64_t seed = 101; seed <= 108; ++seed) check_stream(seed, 3);
}
