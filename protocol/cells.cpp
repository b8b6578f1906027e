#include "protocol/cells.hpp"

#include <algorithm>
#include <array>

namespace troupe {

namespace {

using schema::CellField;
using schema::Resolution;

using schema::Cube;
using schema::Dimension;

constexpr CellField usage[] = {CellField::AGENT, CellField::TEAM,     CellField::TYPE,
                               CellField::MODEL, CellField::PROVIDER, CellField::TOOL};
constexpr CellField session[] = {CellField::SESSION, CellField::USER,  CellField::AGENT,
                                 CellField::TEAM,    CellField::MODEL, CellField::TOOL};
constexpr CellField trace[] = {CellField::TRACE, CellField::AGENT, CellField::TEAM};
constexpr CellField tier[] = {CellField::AGENT, CellField::TIER, CellField::TEAM};
constexpr CellField flow[] = {CellField::AGENT, CellField::FROM, CellField::TO, CellField::TEAM};
constexpr CellField knowledge[] = {CellField::ITEM, CellField::AGENT, CellField::TEAM, CellField::TIER};
constexpr CellField search[] = {CellField::TEXT, CellField::KIND, CellField::AGENT, CellField::TEAM};
constexpr CellField context[] = {CellField::CONTEXT, CellField::AGENT, CellField::TEAM, CellField::ITEM};
constexpr CellField hypothesis[] = {CellField::AGENT, CellField::KIND, CellField::TEAM};
constexpr CellField hypothesis_state[] = {CellField::ID, CellField::KIND, CellField::AGENT, CellField::TEAM,
                                          CellField::LABEL};
constexpr CellField edge[] = {CellField::FROM, CellField::TO, CellField::TEAM};
constexpr CellField agent[] = {CellField::AGENT};
constexpr CellField team[] = {CellField::TEAM};
constexpr CellField model[] = {CellField::MODEL};
constexpr CellField tool[] = {CellField::TOOL};

// By the number of the cube.
constexpr std::array<cube_shape, 16> shapes = {{
    {Cube::USAGE, usage, cell_spans::fine},
    {Cube::TRACE, session, cell_spans::hours, true},
    {Cube::TRACE, trace, cell_spans::hours, true},
    {Cube::USAGE, tier, cell_spans::fine},
    {Cube::USAGE, flow, cell_spans::fine},
    {Cube::KNOWLEDGE, knowledge},
    {Cube::SEARCH, search, cell_spans::fine},
    {Cube::CONTEXT, context, cell_spans::hours, true},
    {Cube::USAGE, hypothesis, cell_spans::fine},
    {Cube::HYPOTHESIS_STATE, hypothesis_state, cell_spans::timeless},
    {Cube::EDGE, edge},
    {Cube::USAGE, agent, cell_spans::hours},
    {Cube::TOTAL, {}, cell_spans::all, false, Dimension::ALL},
    {Cube::TEAM, team},
    {Cube::MODEL, model, cell_spans::all, false, Dimension::MODEL},
    {Cube::TOOL, tool, cell_spans::all, false, Dimension::TOOL},
}};

std::int64_t round_up(std::int64_t time_us, Resolution to) {
  auto start = bucket_start(time_us, to);
  return start == time_us ? start : start + bucket_us(to);
}

}  // namespace

std::int64_t bucket_us(Resolution resolution) {
  constexpr std::int64_t minute_us = 60'000'000;
  switch (resolution) {
    case Resolution::HOUR: return 60 * minute_us;
    case Resolution::DAY: return 24 * 60 * minute_us;
    default: return minute_us;
  }
}

std::int64_t bucket_start(std::int64_t time_us, Resolution resolution) {
  auto width = bucket_us(resolution);
  auto into = time_us % width;
  if (into < 0) into += width;
  // At the very end of the range there is no earlier start to name.
  std::int64_t start = 0;
  if (__builtin_sub_overflow(time_us, into, &start)) return time_us;
  return start;
}

const cube_shape* shape_of(schema::Cube cube) {
  auto number = static_cast<std::size_t>(cube);
  return number < shapes.size() ? &shapes[number] : nullptr;
}

std::optional<std::size_t> place_of(const cube_shape& shape, CellField field) {
  auto at = std::find(shape.fields.begin(), shape.fields.end(), field);
  if (at == shape.fields.end()) return {};
  return static_cast<std::size_t>(at - shape.fields.begin());
}

std::vector<cell_span> cut_window(std::int64_t from_us, std::int64_t until_us, Resolution coarsest) {
  std::vector<cell_span> newest_first;
  if (from_us >= until_us) return newest_first;
  std::vector<cell_span> oldest_last, middle;
  auto from = from_us, until = until_us;
  for (auto fine : {Resolution::MINUTE, Resolution::HOUR}) {
    auto next = fine == Resolution::MINUTE ? Resolution::HOUR : Resolution::DAY;
    auto inner_from = round_up(from, next), inner_until = bucket_start(until, next);
    if (fine == coarsest || inner_from >= inner_until) {
      middle.push_back({fine, from, until});
      break;
    }
    if (inner_until < until) newest_first.push_back({fine, inner_until, until});
    if (from < inner_from) oldest_last.push_back({fine, from, inner_from});
    from = inner_from, until = inner_until;
    if (next == Resolution::DAY) middle.push_back({next, from, until});
  }
  newest_first.insert(newest_first.end(), middle.begin(), middle.end());
  newest_first.insert(newest_first.end(), oldest_last.rbegin(), oldest_last.rend());
  return newest_first;
}

std::string cell_prefix(std::string_view org, Cube cube, Resolution resolution) {
  auto* shape = shape_of(cube);
  auto dimension = shape ? shape->dimension : std::nullopt;
  key_writer key(dimension ? record_tag::rollup : record_tag::cell);
  key.text(org);
  if (!dimension) key.u8(static_cast<std::uint8_t>(shape ? shape->record : cube));
  key.u8(static_cast<std::uint8_t>(resolution));
  if (dimension) key.u8(static_cast<std::uint8_t>(*dimension));
  return std::move(key).str();
}

}  // namespace troupe
