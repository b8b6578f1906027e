// What cells must say, told anew from the raw events: every figure of every cube, with a plain loop over all events and
// nothing of what the product counts with. For streams of random_events().
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/cell_questions.hpp"

namespace troupe::testing {

// All figures of a row but its percentiles, in the order of figure_names.
using row_figures = std::array<std::int64_t, 14>;
inline constexpr std::array<const char*, 14> figure_names = {
    "count",       "hits",      "errors", "cost",     "input",   "output", "cache read",
    "cache write", "reasoning", "timed",  "duration", "longest", "first",  "last"};
row_figures figures_of(const rollup& r);

struct naive_row {
  row_figures figures{};
  std::vector<std::int64_t> durations_us;

  void add(const naive_row& other);
  // The duration of nearest rank: that of the event below or at which the share q of all timed ones lies. 0: none is timed.
  std::int64_t percentile_us(double q) const;
};
using row_key = std::pair<cell_names, std::int64_t>;
using naive_rows = std::map<row_key, naive_row>;

// One event's part in a cube.
struct naive_part {
  std::map<schema::CellField, std::string> fields;
  std::int64_t time_us = 0;  // of the hour's beginning where a cube counts by hours only
  naive_row row;
};
std::vector<naive_part> naive_parts(schema::Cube cube, const std::vector<sample_event>& events);

// The answer to a question: its window, conditions, groups and steps.
naive_rows naive_answer(const std::vector<naive_part>& parts, const cell_question& q);

// An agent is of the first team that an event of it names, and so are its events that name none.
using team_of_agent = std::map<std::string, std::string>;
void join_teams(std::vector<sample_event>& events, team_of_agent& teams);

}  // namespace troupe::testing
