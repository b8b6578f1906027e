// What is kept of past spans of time never shows in an answer: it is as without, whatever was stored meanwhile.
#include <catch2/catch_test_macros.hpp>
#include <random>

#include "protocol/cells.hpp"
#include "tests/support/cell_questions.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

using schema::CellField;
using schema::CellStep;
using schema::Cube;

class kept_in_map final : public query_cache {
 public:
  std::shared_ptr<const std::string> find(std::string_view key) override {
    auto at = all_.find(key);
    return at == all_.end() ? nullptr : at->second;
  }
  void keep(std::string_view key, std::string bytes) override {
    ++kept;
    all_[std::string(key)] = std::make_shared<const std::string>(std::move(bytes));
  }
  int kept = 0;

 private:
  std::map<std::string, std::shared_ptr<const std::string>, std::less<>> all_;
};

// Through the cache if there is one.
std::string answer_of(memory_shard& shard, const cell_question& q, query_cache* cache) {
  shard.records.kept = cache;
  return ask(shard, q).bytes();
}

cell_question random_question(std::mt19937_64& random) {
  auto below = [&](std::uint64_t n) { return random() % n; };
  constexpr Cube cubes[] = {
      Cube::USAGE,  Cube::SESSION,         Cube::TRACE, Cube::TIER, Cube::FLOW,  Cube::KNOWLEDGE,
      Cube::SEARCH, Cube::CONTEXT,         Cube::EDGE,  Cube::TEAM, Cube::MODEL, Cube::TOOL,
      Cube::BUSY,   Cube::HYPOTHESIS_STATE};
  cell_question q{.cube = cubes[below(std::size(cubes))], .by = {}};
  for (auto field : shape_of(q.cube)->fields) {
    if (below(2)) q.by.push_back(field);
    if (field == CellField::TEAM && below(3) == 0) q.where = {{field, "team-1"}};
    if (field == CellField::AGENT && below(3) == 0) q.where = {{field, "agent-1"}, {field, "agent-2"}};
  }
  auto a = monday + static_cast<std::int64_t>(below(4320)) * minute;
  auto b = monday + static_cast<std::int64_t>(below(4320)) * minute;
  q.from = std::min(a, b), q.until = std::max(a, b);
  constexpr CellStep steps[] = {CellStep::NONE, CellStep::HOUR, CellStep::DAY, CellStep::HOUR_OF_DAY};
  q.step = steps[below(std::size(steps))];
  q.sketches = below(2);
  q.limit = below(2) ? 5'000 : 3;
  if (below(2)) q.form = row_form::packed;
  if (below(3) == 0) q.figures = schema::CellFigures::COUNT;
  if (!q.by.empty() && below(3) == 0)
    for (auto* name :
         {"agent-1", "team-1", "model-2", "tool-0", "item-3", "query 1", "fast", "hit", "llm.call"})
      q.where.emplace_back(q.by[below(q.by.size())], name);
  return q;
}

}  // namespace

TEST_CASE("kept sums: answers are as without them, whatever was stored meanwhile") {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    memory_shard shard;
    kept_in_map kept;
    std::vector<cell_question> questions;
    for (int i = 0; i < 30; ++i) questions.push_back(random_question(random));
    std::size_t stored = 0;
    for (int batch = 0; batch < 6; ++batch) {
      auto events = random_events(random, 1 + random() % 60, stored + 1);
      stored += events.size();
      shard.run(append(events));
      for (auto& q : questions) {
        CAPTURE(static_cast<int>(q.cube), static_cast<int>(q.step));
        auto plain = answer_of(shard, q, nullptr);
        bool is_same = answer_of(shard, q, &kept) == plain;
        CHECK(is_same);
        auto before = kept.kept;
        is_same = answer_of(shard, q, &kept) == plain;
        CHECK(is_same);
        CHECK(kept.kept == before);  // all of it was found
      }
    }
    CHECK(kept.kept > 0);
  }
}

TEST_CASE("kept sums: only the blocks that have one more event are looked into again") {
  memory_shard shard;
  kept_in_map kept;
  std::vector<sample_event> events;
  for (std::uint64_t i = 0; i < 12; ++i)
    events.push_back(at(i + 1, monday + static_cast<std::int64_t>(i) * hour));
  shard.run(append(events));
  cell_question q{.cube = Cube::USAGE, .by = {CellField::AGENT}, .until = monday + 12 * hour};
  answer_of(shard, q, &kept);
  auto blocks = kept.kept - 2;  // and the whole, and the counts
  CHECK(blocks > 1);
  shard.run(append({at(13, monday + 3 * hour + minute)}));
  answer_of(shard, q, &kept);
  CHECK(kept.kept == blocks + 2 + 3);
  CHECK(read(shard, q).at({"agent-1"}).count == 13);
}

TEST_CASE("kept sums: whoever asks for some groups of many and then for others finds the same ones") {
  memory_shard shard;
  kept_in_map kept;
  std::vector<sample_event> events;
  for (std::uint64_t i = 0; i < 24; ++i) {
    events.push_back(at(i + 1, monday + static_cast<std::int64_t>(i) * minute));
    events.back().knowledge = "item-" + std::to_string(i);
  }
  shard.run(append(events));
  cell_question q{.cube = Cube::KNOWLEDGE, .by = {CellField::ITEM}};
  answer_of(shard, q, &kept);
  auto before = kept.kept;
  for (int first : {0, 12}) {
    q.where.clear();
    for (int i = first; i < first + 12; ++i)
      q.where.emplace_back(CellField::ITEM, "item-" + std::to_string(i));
    auto some = read(shard, q);
    CHECK(some.rows.size() == 12);
    for (auto& [field, item] : q.where) CHECK(some.at({item}).count == 1);
  }
  CHECK(kept.kept == before);
}

TEST_CASE("kept sums: another question, another organisation and another condition have their own") {
  memory_shard shard;
  kept_in_map kept;
  shard.run(append({at(1, monday)}));
  cell_question q{.cube = Cube::USAGE, .by = {CellField::AGENT}};
  answer_of(shard, q, &kept);
  shard.records.kept = &kept;
  q.where = {{CellField::AGENT, "agent-2"}};
  CHECK(read(shard, q).rows.empty());
  q.where = {}, q.by = {CellField::TEAM};
  CHECK(read(shard, q).at({""}).count == 1);
  shard.org = "other";
  CHECK(read(shard, q).rows.empty());
}
