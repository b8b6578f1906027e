// Questions to the cells of a shard in memory, their answers, and streams of events to ask about.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/sample_events.hpp"

namespace troupe::testing {

inline constexpr std::int64_t second = 1'000'000, minute = 60 * second, hour = 60 * minute, day = 24 * hour;
inline constexpr std::int64_t monday = 1'700'438'400'000'000;  // 2023-11-20T00:00:00Z

enum class row_form : std::uint8_t { listed, packed };

struct cell_question {
  schema::Cube cube;
  std::vector<schema::CellField> by;
  std::int64_t from = monday, until = monday + day;
  std::vector<std::pair<schema::CellField, std::string>> where = {};
  schema::CellStep step = schema::CellStep::NONE;
  schema::CellOrder order = schema::CellOrder::COUNT;
  std::uint32_t limit = 5000, sample = 0;
  bool sketches = false;
  int offset_minutes = 0;
  row_form form = row_form::listed;
  schema::CellFigures figures = schema::CellFigures::ALL;
  // Only of the events that meet this, counted anew.
  std::function<void(schema::ReadFilteredCells::Builder)> only = {};
};

using cell_names = std::vector<std::string>;
struct cell_answer {
  std::map<std::pair<cell_names, std::int64_t>, rollup> rows;
  std::vector<cell_names> order;
  rollup other;
  unsigned other_keys = 0;
  bool partial = false, whole_hours = false;
  std::uint64_t bound = 0;

  const rollup& at(const cell_names& n, std::int64_t time = 0) const {
    auto found = rows.find({n, time});
    if (found == rows.end())
      throw std::runtime_error("there is no row " + (n.empty() ? std::string() : n[0]));
    return found->second;
  }
};

owned<schema::QueryResult> ask(const memory_shard& shard, const cell_question& q);
cell_answer read(const memory_shard& shard, const cell_question& q);
sample_event at(std::uint64_t id, std::int64_t time_us, schema::EventType type = schema::EventType::LLM_CALL);
// Of three days from monday on; some with a team of their own.
std::vector<sample_event> random_events(std::mt19937_64& random, std::size_t count, std::uint64_t first_id);

}  // namespace troupe::testing
