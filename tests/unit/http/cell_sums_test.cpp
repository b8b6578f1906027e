// What several shards answered, added up: it does not matter how they wrote it, nor how many they are.
#include "http/insight/cell_sums.hpp"

#include <catch2/catch_test_macros.hpp>
#include <random>

#include "tests/support/cell_questions.hpp"

using namespace troupe;

namespace {

using schema::CellField;
using schema::CellFigures;
using schema::CellStep;
using schema::Cube;
using testing::memory_shard;
using testing::row_form;

// An agent's events lie in one shard.
std::vector<memory_shard> spread(const std::vector<testing::sample_event>& events, std::size_t shards) {
  std::vector<std::vector<testing::sample_event>> parts(shards);
  for (auto& e : events) parts[static_cast<std::size_t>(e.agent.back()) % shards].push_back(e);
  std::vector<memory_shard> all(shards);
  for (std::size_t i = 0; i < shards; ++i)
    if (!parts[i].empty()) all[i].run(testing::append(parts[i]));
  return all;
}

http::cell_table ask(const std::vector<memory_shard>& shards, const http::cell_question& q, row_form form) {
  std::vector<testing::owned<schema::QueryResult>> answers;
  http::results found;
  for (auto& shard : shards)
    answers.push_back(testing::ask(shard, {.cube = q.cube,
                                           .by = q.by,
                                           .until = testing::monday + 3 * testing::day,
                                           .step = q.step,
                                           .order = q.order,
                                           .sample = q.sample,
                                           .sketches = q.sketches == http::percentiles::wanted,
                                           .form = form,
                                           .figures = q.figures}));
  for (auto& answer : answers) found.push_back(*answer);
  auto table = http::add_up(found, q);
  REQUIRE(table);
  return *table;
}

std::string told(const http::cell_table& t) {
  std::string out = std::to_string(t.rate) + ' ' + std::to_string(t.other_keys) + t.other.encode();
  for (auto& g : t.groups) {
    for (auto& name : g.names) out += name + '\n';
    out += g.total.encode();
    for (auto& [time, r] : g.steps) out += std::to_string(time) + r.encode();
  }
  for (auto& m : t.members) out += std::to_string(m.of) + ' ' + t.member_names[m.name] + '\n';
  return out;
}

}  // namespace

TEST_CASE("cell sums: listed or packed, of one shard or of three, groups and samples are the same") {
  std::vector<http::cell_question> questions(7);
  questions[0] = {.cube = Cube::USAGE, .by = {CellField::AGENT, CellField::MODEL}, .window = {}};
  questions[0].limit = 3;
  questions[1] = {.cube = Cube::KNOWLEDGE, .by = {CellField::ITEM}, .window = {}};
  questions[1].order = schema::CellOrder::COUNT, questions[1].figures = CellFigures::COUNT;
  questions[2] = {.cube = Cube::TIER, .by = {CellField::TIER}, .window = {}};
  questions[2].sketches = http::percentiles::wanted, questions[2].step = CellStep::HOUR_OF_DAY;
  questions[3] = {.cube = Cube::EDGE, .by = {CellField::FROM, CellField::TO}, .window = {}};
  questions[3].step = CellStep::HOUR, questions[3].limit = 4;
  questions[4] = {.cube = Cube::USAGE, .by = {}, .window = {}};
  questions[5] = {.cube = Cube::TRACE, .by = {}, .window = {}};
  questions[5].sample = 100;
  questions[6] = {.cube = Cube::CONTEXT, .by = {CellField::ITEM}, .window = {}};
  questions[6].sample = 100, questions[6].figures = CellFigures::COUNT;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    std::mt19937_64 random(seed);
    auto events = testing::random_events(random, 300, 1);
    for (auto& e : events)
      if (e.team.empty()) e.team = "team of " + e.agent;
    auto one = spread(events, 1), three = spread(events, 3);
    for (auto& q : questions) {
      CAPTURE(seed, static_cast<int>(q.cube));
      auto expected = told(ask(one, q, row_form::packed));
      CHECK(!expected.empty());
      bool as_listed = told(ask(one, q, row_form::listed)) == expected;
      CHECK(as_listed);
      for (auto form : {row_form::listed, row_form::packed}) {
        bool of_three = told(ask(three, q, form)) == expected;
        CHECK(of_three);
      }
    }
  }
}

TEST_CASE("cell sums: members of a sample are there once, in the order of their names") {
  auto event = [](std::uint64_t id, const std::string& agent, const std::string& item) {
    auto e = testing::at(id, testing::monday + static_cast<std::int64_t>(id));
    e.agent = agent, e.session = "session", e.knowledge = item;
    return e;
  };
  auto shards = spread({event(1, "agent-1", "b"), event(2, "agent-2", "a"), event(3, "agent-2", "b")}, 2);
  http::cell_question q{.cube = Cube::CONTEXT, .by = {CellField::ITEM}, .window = {}};
  q.sample = 10, q.figures = CellFigures::COUNT;
  auto t = ask(shards, q, row_form::packed);
  CHECK(t.member_names == std::vector<std::string>{"a", "b"});
  REQUIRE(t.members.size() == 2);
  CHECK(t.members[0].of == t.members[1].of);
  CHECK(t.members[0].name == 0);
}

TEST_CASE("cell sums: an answer that cannot be read is none") {
  capnp::MallocMessageBuilder message;
  auto result = message.initRoot<schema::QueryResult>();
  std::string damaged = "\xC2 something else";
  result.initCells().setPacked(data_of(damaged));
  CHECK(!http::add_up({result.asReader()}, {.cube = Cube::USAGE, .by = {CellField::AGENT}, .window = {}}));
}
