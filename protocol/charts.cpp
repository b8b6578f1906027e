#include "protocol/charts.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <initializer_list>

#include "protocol/limits.hpp"
#include "protocol/message.hpp"

namespace troupe::charts {

namespace {

using type = schema::ChartType;
using view = schema::ChartView;
using measure = schema::ChartMeasure;
using group = schema::ChartGroup;

constexpr std::array<std::string_view, 10> type_names = {"line",    "bar",   "pie",   "area",  "scatter",
                                                         "heatmap", "gauge", "table", "graph", "timeline"};
constexpr std::array<std::string_view, 6> view_names = {"usage",         "memory", "knowledge",
                                                        "collaboration", "teams",  "agents"};
constexpr std::array<std::string_view, 14> measure_names = {
    "events",   "errors",   "error_rate",  "tokens",      "cost_usd", "duration_p50", "duration_p95",
    "accesses", "hit_rate", "latency_p50", "latency_p95", "misses",   "interactions", "utilisation"};
constexpr std::array<std::string_view, 7> group_names = {"none", "agent", "team", "model",
                                                         "tool", "tier",  "item"};
constexpr std::array<std::string_view, 5> range_names = {"1h", "6h", "24h", "7d", "30d"};

// What may be said of one view.
struct rule {
  std::vector<measure> measures;
  std::vector<group> groups;
  std::vector<type> types;
};

const rule& rule_of(view of) {
  static const std::array<rule, view_names.size()> rules = {{
      {{measure::EVENTS, measure::ERRORS, measure::ERROR_RATE, measure::TOKENS, measure::COST_USD,
        measure::DURATION_P50, measure::DURATION_P95},
       {group::NONE, group::AGENT, group::TEAM, group::MODEL, group::TOOL},
       {type::LINE, type::AREA, type::BAR, type::PIE, type::SCATTER, type::GAUGE, type::TABLE}},
      {{measure::ACCESSES, measure::HIT_RATE, measure::LATENCY_P50, measure::LATENCY_P95, measure::COST_USD},
       {group::TIER},
       {type::BAR, type::PIE, type::GAUGE, type::TABLE, type::LINE, type::AREA, type::SCATTER}},
      {{measure::ACCESSES, measure::MISSES},
       {group::ITEM},
       {type::HEATMAP, type::TABLE, type::GRAPH, type::BAR, type::PIE}},
      {{measure::INTERACTIONS, measure::ERRORS},
       {group::AGENT},
       {type::GRAPH, type::TABLE, type::BAR, type::HEATMAP}},
      {{measure::UTILISATION, measure::EVENTS, measure::COST_USD},
       {group::TEAM},
       {type::BAR, type::PIE, type::GAUGE, type::TABLE, type::SCATTER}},
      {{measure::EVENTS}, {group::AGENT}, {type::TABLE, type::TIMELINE, type::SCATTER, type::BAR}},
  }};
  return rules[static_cast<std::size_t>(of)];
}

// Those of which parts make a whole.
const std::vector<measure>& sums() {
  static const std::vector<measure> all = {measure::EVENTS,      measure::ERRORS,   measure::TOKENS,
                                           measure::COST_USD,    measure::ACCESSES, measure::MISSES,
                                           measure::INTERACTIONS};
  return all;
}

template <class E>
bool holds(const std::vector<E>& all, E one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

template <class E>
std::vector<std::string_view> names_of(const std::vector<E>& all) {
  std::vector<std::string_view> out;
  for (auto one : all) out.push_back(name_of(one));
  return out;
}

template <class E>
bool is_known(E value) {
  return static_cast<std::size_t>(value) < names<E>().size();
}

class complaints {
 public:
  complaints(std::string path, std::vector<fault>& to) : path_(std::move(path)), to_(to) {}

  void add(std::string_view field, std::string detail) {
    to_.push_back({path_ + std::string(field), std::move(detail)});
  }
  void text(std::string_view field, capnp::Text::Reader value, std::size_t min, std::size_t max) {
    if (value.size() < min || value.size() > max)
      add(field, "has " + std::to_string(value.size()) + " bytes: give " + std::to_string(min) + " to " +
                     std::to_string(max));
  }
  void number(std::string_view field, unsigned value, unsigned min, unsigned max) {
    if (value < min || value > max)
      add(field,
          "is " + std::to_string(value) + ": give " + std::to_string(min) + " to " + std::to_string(max));
  }

 private:
  const std::string path_;
  std::vector<fault>& to_;
};

void find_source_faults(schema::Chart::Reader chart, complaints& found) {
  auto from = chart.getSource();
  for (auto [field, value] :
       {std::pair("source.filters.agent_id", from.getAgentId()),
        std::pair("source.filters.team", from.getTeam()), std::pair("source.filters.model", from.getModel()),
        std::pair("source.filters.tool", from.getTool())})
    found.text(field, value, 0, limits::id_bytes_max);
  if (from.getTop() != 0) found.number("source.top", from.getTop(), 1, limits::chart_top_max);
  if (!is_known(from.getView())) return found.add("source.view", one_of(names<view>()));
  auto& may = rule_of(from.getView());
  auto of_view = "of the view '" + std::string(name_of(from.getView())) + "' ";
  if (!holds(may.measures, from.getMeasure()))
    found.add("source.measure", of_view + one_of(names_of(may.measures)));
  if (!holds(may.groups, from.getGroupBy()))
    found.add("source.group_by", of_view + one_of(names_of(may.groups)));
  if (!holds(may.types, chart.getType())) {
    found.add("type", of_view + one_of(names_of(may.types)));
  } else if (chart.getType() == type::PIE && !holds(sums(), from.getMeasure())) {
    auto fit = may.measures;
    std::erase_if(fit, [](measure m) { return !holds(sums(), m); });
    found.add("source.measure", "of a pie adds up: it " + one_of(names_of(fit)));
  } else if (chart.getType() == type::TIMELINE && from.getAgentId().size() == 0) {
    found.add("source.filters.agent_id", "is missing: a timeline is of one agent");
  }
}

}  // namespace

template <>
std::span<const std::string_view> names<schema::ChartType>() {
  return type_names;
}
template <>
std::span<const std::string_view> names<schema::ChartView>() {
  return view_names;
}
template <>
std::span<const std::string_view> names<schema::ChartMeasure>() {
  return measure_names;
}
template <>
std::span<const std::string_view> names<schema::ChartGroup>() {
  return group_names;
}
template <>
std::span<const std::string_view> names<schema::DashboardRange>() {
  return range_names;
}

std::vector<std::string_view> measures_of(view of) { return names_of(rule_of(of).measures); }
std::vector<std::string_view> types_of(view of) { return names_of(rule_of(of).types); }
std::vector<group> groups_of(view of) { return rule_of(of).groups; }

std::string one_of(std::span<const std::string_view> choices) {
  std::string out = choices.size() == 1 ? "is " : "is one of ";
  for (std::size_t i = 0; i < choices.size(); ++i) {
    if (i > 0) out.append(i + 1 == choices.size() ? " and " : ", ");
    out.append("'").append(choices[i]).append("'");
  }
  return out;
}

void find_faults(schema::Chart::Reader chart, unsigned grid_columns, const std::string& path,
                 std::vector<fault>& to) {
  complaints found(path, to);
  found.text("id", chart.getId(), 1, limits::chart_id_bytes_max);
  found.text("title", chart.getTitle(), 0, limits::dashboard_title_bytes_max);
  if (chart.getCols() != 0) found.number("cols", chart.getCols(), 1, grid_columns);
  if (chart.getRows() != 0) found.number("rows", chart.getRows(), 1, limits::chart_rows_max);
  if (!std::isfinite(chart.getMax()) || chart.getMax() < 0) found.add("max", "is a number above 0, or null");
  if (!is_known(chart.getType())) return found.add("type", one_of(type_names));
  find_source_faults(chart, found);
}

std::vector<fault> faults_of(schema::Dashboard::Reader dashboard) {
  std::vector<fault> all;
  complaints found("", all);
  found.text("dashboard_id", dashboard.getId(), 1, limits::id_bytes_max);
  found.text("title", dashboard.getTitle(), 1, limits::dashboard_title_bytes_max);
  found.text("description", dashboard.getDescription(), 0, limits::dashboard_description_bytes_max);
  found.number("grid_columns", dashboard.getGridColumns(), 1, limits::grid_columns_max);
  found.number("update_interval", dashboard.getUpdateIntervalMs(), limits::update_interval_ms_min,
               limits::update_interval_ms_max);
  if (!is_known(dashboard.getTimeRange())) found.add("time_range", one_of(range_names));
  auto charts = dashboard.getCharts();
  if (charts.size() > limits::charts_max) {
    found.add("charts", "are " + std::to_string(charts.size()) + ": a dashboard has at most " +
                            std::to_string(limits::charts_max));
    return all;
  }
  for (unsigned i = 0; i < charts.size(); ++i) {
    auto path = "charts[" + std::to_string(i) + "].";
    find_faults(charts[i], dashboard.getGridColumns(), path, all);
    for (unsigned before = 0; before < i; ++before)
      if (view_of(charts[before].getId()) == view_of(charts[i].getId())) {
        found.add(path + "id", "is that of charts[" + std::to_string(before) + "] too: ids are distinct");
        break;
      }
  }
  return all;
}

void fill_defaults(schema::Chart::Builder chart, unsigned grid_columns) {
  if (chart.getCols() == 0)
    chart.setCols(static_cast<std::uint16_t>(std::min<unsigned>(limits::chart_cols_default, grid_columns)));
  if (chart.getRows() == 0) chart.setRows(limits::chart_rows_default);
  if (!chart.hasSource()) chart.initSource();
  if (chart.getSource().getTop() == 0) chart.getSource().setTop(limits::chart_top_default);
}

}  // namespace troupe::charts
