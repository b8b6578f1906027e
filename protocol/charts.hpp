// What dashboards and their charts may say: the names, and which view has which measures, groups and types.
//
// The machine refuses by this and the edge complains by it, so that both say the same. A change of what is refused changes
// what a machine does: see the behaviour level in protocol/machine.hpp. Pure functions; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/schema/dashboard.capnp.h"

namespace troupe::charts {

// Names as in the public JSON, in the order of the enumeration.
template <class E>
std::span<const std::string_view> names();
template <>
std::span<const std::string_view> names<schema::ChartType>();
template <>
std::span<const std::string_view> names<schema::ChartView>();
template <>
std::span<const std::string_view> names<schema::ChartMeasure>();
template <>
std::span<const std::string_view> names<schema::ChartGroup>();
template <>
std::span<const std::string_view> names<schema::DashboardRange>();

// "unknown" for a value that this build does not know.
template <class E>
std::string_view name_of(E value) {
  auto all = names<E>();
  auto at = static_cast<std::size_t>(value);
  return at < all.size() ? all[at] : std::string_view("unknown");
}

template <class E>
std::optional<E> value_of(std::string_view name) {
  auto all = names<E>();
  for (std::size_t i = 0; i < all.size(); ++i)
    if (all[i] == name) return static_cast<E>(i);
  return std::nullopt;
}

// What a view has, in the order of the public table: the first group is the one that is meant when none is said.
std::vector<std::string_view> measures_of(schema::ChartView view);
std::vector<std::string_view> types_of(schema::ChartView view);
std::vector<schema::ChartGroup> groups_of(schema::ChartView view);

// "is one of 'a', 'b' and 'c'"
std::string one_of(std::span<const std::string_view> choices);

struct fault {
  std::string field;  // its path in the public JSON: "charts[2].source.measure"
  std::string detail;
};

// Appends what is wrong. A default that is not filled in yet is not wrong. 'path' goes in front of the fields' names.
void find_faults(schema::Chart::Reader chart, unsigned grid_columns, const std::string& path,
                 std::vector<fault>& to);
// Its charts too, and that they fit it.
std::vector<fault> faults_of(schema::Dashboard::Reader dashboard);

void fill_defaults(schema::Chart::Builder chart, unsigned grid_columns);

}  // namespace troupe::charts
