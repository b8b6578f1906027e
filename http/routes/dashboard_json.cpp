#include "http/routes/dashboard_json.hpp"

#include <utility>

#include "http/routes/json_writer.hpp"
#include "protocol/charts.hpp"
#include "protocol/message.hpp"

namespace troupe::http {

namespace {

void write_chart(schema::Chart::Reader chart, std::string& out) {
  object_writer w(out);
  w.text("id", view_of(chart.getId()));
  w.text("type", charts::name_of(chart.getType()));
  w.text("title", view_of(chart.getTitle()));
  w.number("cols", chart.getCols()).number("rows", chart.getRows());
  w.flag("real_time", chart.getRealTime()).flag("interactive", chart.getInteractive());
  auto from = chart.getSource();
  object_writer s(w.name("source"));
  s.text("view", charts::name_of(from.getView()));
  s.text("measure", charts::name_of(from.getMeasure()));
  s.text("group_by", charts::name_of(from.getGroupBy()));
  s.number("top", from.getTop());
  object_writer f(s.name("filters"));
  for (auto [name, value] :
       {std::pair("agent_id", view_of(from.getAgentId())), std::pair("team", view_of(from.getTeam())),
        std::pair("model", view_of(from.getModel())), std::pair("tool", view_of(from.getTool()))})
    if (!value.empty()) f.text(name, value);
  f.end();
  s.end();
  w.real("max", chart.getMax() > 0 ? std::optional(chart.getMax()) : std::nullopt);
  w.end();
}

void write_head(schema::Dashboard::Reader d, object_writer& w) {
  w.text("dashboard_id", view_of(d.getId()));
  w.text("title", view_of(d.getTitle())).text("description", view_of(d.getDescription()));
  w.number("grid_columns", d.getGridColumns());
  w.text("time_range", charts::name_of(d.getTimeRange()));
  w.number("update_interval", d.getUpdateIntervalMs());
  w.flag("real_time", d.getRealTime()).flag("show_metrics", d.getShowMetrics());
}

void write_tail(schema::Dashboard::Reader d, object_writer& w) {
  w.number("version", static_cast<std::int64_t>(d.getVersion()));
  w.time("created_at", d.getCreatedUs()).time("updated_at", d.getUpdatedUs());
  w.text("updated_by", view_of(d.getUpdatedBy()));
}

}  // namespace

void write_dashboard_json(schema::Dashboard::Reader dashboard, std::string& out) {
  object_writer w(out);
  write_head(dashboard, w);
  auto& list = w.name("charts");
  list += '[';
  bool first = true;
  for (auto chart : dashboard.getCharts()) {
    if (!std::exchange(first, false)) list += ',';
    write_chart(chart, list);
  }
  list += ']';
  write_tail(dashboard, w);
  w.end();
}

void write_dashboard_item_json(schema::DashboardItem::Reader item, std::string& out) {
  object_writer w(out);
  write_head(item.getDashboard(), w);
  w.number("chart_count", item.getChartCount());
  write_tail(item.getDashboard(), w);
  w.end();
}

}  // namespace troupe::http
