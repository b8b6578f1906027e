#include "http/insight/narrowing.hpp"

#include <algorithm>
#include <optional>

#include "protocol/cells.hpp"

namespace troupe::http {

namespace {

using schema::CellField;
using schema::Cube;

// Cells count all custom types as one.
bool is_counted_type(const std::string& type) { return !type.starts_with("custom"); }

struct named_field {
  std::string insight_names::*name;
  CellField field;
};
constexpr named_field named_fields[] = {
    {&insight_names::agent, CellField::AGENT}, {&insight_names::team, CellField::TEAM},
    {&insight_names::type, CellField::TYPE},   {&insight_names::model, CellField::MODEL},
    {&insight_names::tool, CellField::TOOL},   {&insight_names::provider, CellField::PROVIDER},
    {&insight_names::tier, CellField::TIER},   {&insight_names::session, CellField::SESSION},
    {&insight_names::user, CellField::USER}};

// The field of the cube that holds this name.
std::optional<CellField> field_of(Cube cube, const named_field& named) {
  if (place_of(*shape_of(cube), named.field)) return named.field;
  // An edge lies with the agent that it comes from.
  if (cube == Cube::EDGE && named.field == CellField::AGENT) return CellField::FROM;
  return {};
}

// Those that the cube has fields for; nothing if there is another one.
std::optional<std::vector<condition>> conditions_of(Cube cube, const insight_names& names) {
  std::vector<condition> all;
  auto rest = names;
  for (auto& named : named_fields) {
    const auto& value = names.*named.name;
    if (value.empty() || (named.field == CellField::TYPE && !is_counted_type(value))) continue;
    auto field = field_of(cube, named);
    if (!field) continue;
    all.emplace_back(*field, value);
    (rest.*named.name).clear();
  }
  if (!rest.none()) return {};
  return all;
}

bool has_fields(Cube cube, const std::vector<CellField>& fields) {
  auto& shape = *shape_of(cube);
  return std::all_of(fields.begin(), fields.end(), [&](auto f) { return place_of(shape, f).has_value(); });
}

// Of the events: what tiers and accesses count under is told by their cells.
void narrow_by_events(cell_question& q, const insight_names& names) {
  q.events.names = names;
  // What an agent did lies in its shard alone.
  if (!names.agent.empty())
    if (auto field = field_of(q.cube, {&insight_names::agent, CellField::AGENT}))
      q.where.emplace_back(*field, names.agent);
  if (names.tier.empty()) return;
  bool by_cells = place_of(*shape_of(q.cube), CellField::TIER).has_value();
  if (by_cells) q.where.emplace_back(CellField::TIER, names.tier);
  if (q.cube == Cube::CONTEXT) q.events.served_by = names.tier;
  if (by_cells || q.cube == Cube::CONTEXT) q.events.names.tier.clear();
}

}  // namespace

void narrow(cell_question& q, const insight_names& names) {
  if (auto conditions = conditions_of(q.cube, names))
    q.where.insert(q.where.end(), conditions->begin(), conditions->end());
  else
    narrow_by_events(q, names);
}

cell_question usage_question(const insight_window& window, const insight_names& names,
                             std::vector<CellField> by) {
  cell_question q{.by = std::move(by), .window = window};
  for (auto cube : {Cube::TOTAL, Cube::TEAM, Cube::MODEL, Cube::TOOL, Cube::USAGE, Cube::SESSION}) {
    auto conditions = conditions_of(cube, names);
    if (!conditions || !has_fields(cube, q.by)) continue;
    q.cube = cube;
    q.where = std::move(*conditions);
    return q;
  }
  // Rollups are not counted anew.
  q.cube = has_fields(Cube::USAGE, q.by) ? Cube::USAGE : Cube::SESSION;
  narrow_by_events(q, names);
  return q;
}

}  // namespace troupe::http
