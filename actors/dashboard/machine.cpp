#include "machine.hpp"

#include <algorithm>

#include "dashboard_change.hpp"
#include "protocol/limits.hpp"

namespace troupe::dashboards {

namespace {

using body = schema::Command::Body;

outcome refused(errc code, const std::string& detail, std::string_view field) {
  return {{}, refusal(code, detail, field), {}};
}

capnp::Text::Reader id_of(body::Reader said) {
  switch (said.which()) {
    case body::CREATE_DASHBOARD: return said.getCreateDashboard().getDashboard().getId();
    case body::UPDATE_DASHBOARD: return said.getUpdateDashboard().getDashboard().getId();
    case body::SET_DASHBOARD_CHART: return said.getSetDashboardChart().getDashboardId();
    case body::REMOVE_DASHBOARD_CHART: return said.getRemoveDashboardChart().getDashboardId();
    case body::REMOVE_DASHBOARD: return said.getRemoveDashboard().getId();
    default: throw machine_fault("a command that is not about dashboards reached their machine");
  }
}

outcome create(dashboard_change& change, schema::CreateDashboard::Reader said) {
  auto id = std::string(view_of(said.getDashboard().getId()));
  if (change.known())
    return refused(errc::conflict, "there is a dashboard '" + id + "' already", "dashboard_id");
  if (std::uint64_t{change.total()} + said.getElsewhere() >= limits::dashboards_max)
    return refused(
        errc::conflict,
        "the organisation has " + std::to_string(limits::dashboards_max) + " dashboards: remove one first",
        "dashboard_id");
  change.begin_new(said.getDashboard());
  return change.write();
}

outcome update(dashboard_change& change, schema::UpdateDashboard::Reader said) {
  if (auto wrong = change.refuse_unless(said.getIfVersion())) return std::move(*wrong);
  auto to = said.getDashboard();
  auto head = change.head();
  if (said.getSetTitle()) head.setTitle(to.getTitle());
  if (said.getSetDescription()) head.setDescription(to.getDescription());
  if (said.getSetGridColumns()) head.setGridColumns(to.getGridColumns());
  if (said.getSetTimeRange()) head.setTimeRange(to.getTimeRange());
  if (said.getSetUpdateInterval()) head.setUpdateIntervalMs(to.getUpdateIntervalMs());
  if (said.getSetRealTime()) head.setRealTime(to.getRealTime());
  if (said.getSetShowMetrics()) head.setShowMetrics(to.getShowMetrics());
  if (said.getSetCharts()) change.set_charts(to.getCharts());
  return change.write();
}

auto place_of(std::vector<schema::Chart::Reader>& charts, capnp::Text::Reader id) {
  return std::find_if(charts.begin(), charts.end(),
                      [&](const auto& chart) { return view_of(chart.getId()) == view_of(id); });
}

outcome set_chart(dashboard_change& change, schema::SetDashboardChart::Reader said) {
  if (auto wrong = change.refuse_unless(said.getIfVersion())) return std::move(*wrong);
  auto& charts = change.charts();
  auto place = place_of(charts, said.getChart().getId());
  if (place == charts.end())
    charts.push_back(said.getChart());
  else
    *place = said.getChart();
  return change.write();
}

outcome remove_chart(dashboard_change& change, schema::RemoveDashboardChart::Reader said) {
  if (auto wrong = change.refuse_unless(said.getIfVersion())) return std::move(*wrong);
  auto place = place_of(change.charts(), said.getChartId());
  if (place == change.charts().end())
    return refused(errc::not_found,
                   "the dashboard has no chart '" + std::string(view_of(said.getChartId())) + "'",
                   "chart_id");
  change.charts().erase(place);
  return change.write();
}

outcome remove(dashboard_change& change, schema::RemoveDashboard::Reader said) {
  if (auto wrong = change.refuse_unless(said.getIfVersion())) return std::move(*wrong);
  return change.remove();
}

}  // namespace

bool dashboard_machine::handles(body::Which command) const {
  switch (command) {
    case body::CREATE_DASHBOARD:
    case body::UPDATE_DASHBOARD:
    case body::SET_DASHBOARD_CHART:
    case body::REMOVE_DASHBOARD_CHART:
    case body::REMOVE_DASHBOARD: return true;
    default: return false;
  }
}

void dashboard_machine::reads(schema::Command::Reader command, const stamp&, read_set& keys) const {
  dashboard_change::reads(view_of(command.getOrg()), view_of(id_of(command.getBody())), keys);
}

outcome dashboard_machine::apply(const view& before, schema::Command::Reader command, const stamp& at) const {
  if (command.getOrg().size() == 0)
    return refused(errc::invalid_argument, "org is empty: a dashboard belongs to an organisation", "org");
  auto said = command.getBody();
  dashboard_change change(before, command, id_of(said), at);
  switch (said.which()) {
    case body::CREATE_DASHBOARD: return create(change, said.getCreateDashboard());
    case body::UPDATE_DASHBOARD: return update(change, said.getUpdateDashboard());
    case body::SET_DASHBOARD_CHART: return set_chart(change, said.getSetDashboardChart());
    case body::REMOVE_DASHBOARD_CHART: return remove_chart(change, said.getRemoveDashboardChart());
    default: return remove(change, said.getRemoveDashboard());
  }
}

}  // namespace troupe::dashboards
