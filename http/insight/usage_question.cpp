#include "http/insight/usage_question.hpp"

#include <algorithm>

#include "protocol/cells.hpp"

namespace troupe::http {

namespace {

using schema::CellField;
using schema::Cube;

bool can_tell(Cube cube, const std::vector<CellField>& fields) {
  auto& shape = *shape_of(cube);
  return std::all_of(fields.begin(), fields.end(), [&](auto f) { return place_of(shape, f).has_value(); });
}

}  // namespace

cell_question usage_question(const insight_window& window, const insight_names& names,
                             std::vector<CellField> by) {
  auto needed = by;
  cell_question q{.by = std::move(by), .window = window};
  q.where = names.conditions(
      {CellField::AGENT, CellField::TEAM, CellField::MODEL, CellField::TOOL, CellField::SESSION});
  for (auto& [field, value] : q.where) needed.push_back(field);
  for (auto cube : {Cube::TOTAL, Cube::TEAM, Cube::MODEL, Cube::TOOL, Cube::USAGE, Cube::SESSION}) {
    q.cube = cube;
    if (can_tell(cube, needed)) break;
  }
  return q;
}

}  // namespace troupe::http
