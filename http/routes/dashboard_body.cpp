#include "http/routes/dashboard_body.hpp"

#include <algorithm>

#include "http/server/text.hpp"
#include "protocol/charts.hpp"
#include "protocol/limits.hpp"

namespace troupe::http {

namespace {

using need = body_fields::need;

constexpr double chart_max_min = 1e-9, chart_max_max = 1e15;

template <class E>
std::optional<E> read_name(body_fields& from, std::string_view field, need n,
                           std::span<const std::string_view> choices) {
  auto name = from.text(field, limits::id_bytes_max, n);
  if (!name) return {};
  if (std::find(choices.begin(), choices.end(), *name) != choices.end()) return charts::value_of<E>(*name);
  from.refuse(field, charts::one_of(choices));
  return {};
}

void read_filters(body_fields& from, schema::ChartSource::Builder to) {
  auto filters = from.inner("filters");
  if (!filters) return;
  auto read = [&](std::string_view field) {
    auto value = filters->text(field, limits::id_bytes_max);
    if (value && value->empty()) filters->refuse(field, "must not be empty");
    return value.value_or("");
  };
  to.setAgentId(read("agent_id"));
  to.setTeam(read("team"));
  to.setModel(read("model"));
  to.setTool(read("tool"));
  from.join(std::move(*filters));
}

void read_source(body_fields& chart, schema::ChartSource::Builder to) {
  auto from = chart.inner("source", need::required);
  if (!from) return;
  auto view = read_name<schema::ChartView>(*from, "view", need::required, charts::names<schema::ChartView>());
  auto all = charts::names<schema::ChartMeasure>();
  auto measures = view ? charts::measures_of(*view) : std::vector<std::string_view>(all.begin(), all.end());
  auto measure = read_name<schema::ChartMeasure>(*from, "measure", need::required, measures);
  auto group =
      read_name<schema::ChartGroup>(*from, "group_by", need::optional, charts::names<schema::ChartGroup>());
  auto top = from->integer("top", 1, limits::chart_top_max);
  if (view) to.setView(*view);
  if (measure) to.setMeasure(*measure);
  to.setGroupBy(group ? *group : charts::groups_of(view.value_or(schema::ChartView::USAGE)).front());
  to.setTop(static_cast<std::uint16_t>(top.value_or(0)));
  read_filters(*from, to);
  chart.join(std::move(*from));
}

// The charts of a body, if it has any.
template <class Init>
bool read_charts(body_fields& from, unsigned grid_columns, Init init) {
  auto given = from.list("charts", limits::charts_max);
  if (!given) return false;
  auto list = init(static_cast<unsigned>(given->size()));
  for (unsigned i = 0; i < list.size(); ++i) {
    read_chart((*given)[i], {}, grid_columns, list[i]);
    from.join(std::move((*given)[i]));
  }
  return true;
}

}  // namespace

void read_chart(body_fields& from, std::string_view id, unsigned grid_columns, schema::Chart::Builder to) {
  auto said = from.text("id", limits::chart_id_bytes_max, id.empty() ? need::required : need::optional);
  if (said && !id.empty() && *said != id) from.refuse("id", "is not the one of the path");
  to.setId(id.empty() ? said.value_or("") : std::string(id));
  auto type = read_name<schema::ChartType>(from, "type", need::required, charts::names<schema::ChartType>());
  if (type) to.setType(*type);
  to.setTitle(from.text("title", limits::dashboard_title_bytes_max).value_or(""));
  to.setCols(static_cast<std::uint16_t>(from.integer("cols", 1, grid_columns).value_or(0)));
  to.setRows(static_cast<std::uint16_t>(from.integer("rows", 1, limits::chart_rows_max).value_or(0)));
  to.setRealTime(from.flag("real_time").value_or(true));
  to.setInteractive(from.flag("interactive").value_or(true));
  to.setMax(from.real("max", chart_max_min, chart_max_max).value_or(0));
  read_source(from, to.initSource());
  if (!from.is_sound()) return;
  std::vector<charts::fault> faults;
  charts::find_faults(to.asReader(), grid_columns, {}, faults);
  for (const auto& f : faults) from.refuse(f.field, f.detail);
}

void read_dashboard(body_fields& from, kind_of_body kind, schema::UpdateDashboard::Builder to) {
  auto d = to.initDashboard();
  auto n = kind == kind_of_body::whole ? need::required : need::optional;
  if (auto title = from.text("title", limits::dashboard_title_bytes_max, n)) {
    if (title->empty()) from.refuse("title", "must not be empty");
    to.setSetTitle(true), d.setTitle(*title);
  }
  if (auto text = from.text("description", limits::dashboard_description_bytes_max)) {
    to.setSetDescription(true), d.setDescription(*text);
  }
  if (auto columns = from.integer("grid_columns", 1, limits::grid_columns_max)) {
    to.setSetGridColumns(true), d.setGridColumns(static_cast<std::uint16_t>(*columns));
  }
  if (auto range = read_name<schema::DashboardRange>(from, "time_range", need::optional,
                                                     charts::names<schema::DashboardRange>())) {
    to.setSetTimeRange(true), d.setTimeRange(*range);
  }
  if (auto ms =
          from.integer("update_interval", limits::update_interval_ms_min, limits::update_interval_ms_max)) {
    to.setSetUpdateInterval(true), d.setUpdateIntervalMs(static_cast<std::uint32_t>(*ms));
  }
  if (auto live = from.flag("real_time")) to.setSetRealTime(true), d.setRealTime(*live);
  if (auto metrics = from.flag("show_metrics")) to.setSetShowMetrics(true), d.setShowMetrics(*metrics);
  // A change without columns: the stored ones decide, where it is made.
  bool says = kind == kind_of_body::whole || to.getSetGridColumns();
  auto columns = says ? d.getGridColumns() : limits::grid_columns_max;
  to.setSetCharts(read_charts(from, columns, [&](unsigned count) { return d.initCharts(count); }));
}

}  // namespace troupe::http
