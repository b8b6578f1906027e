// Dashboards: made, changed, edited chart by chart, removed; what is refused, bounded and kept.
#include <catch2/catch_test_macros.hpp>

#include "actors/dashboard/keys.hpp"
#include "protocol/charts.hpp"
#include "protocol/errc.hpp"
#include "protocol/limits.hpp"
#include "tests/support/memory_records.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

using chart_fill = std::function<void(schema::Chart::Builder)>;
using dashboard_fill = std::function<void(schema::Dashboard::Builder)>;

chart_fill chart(std::string id, std::string title = "") {
  return [=](schema::Chart::Builder c) { c.setId(id), c.setTitle(title); };
}

void put_charts(schema::Dashboard::Builder d, const std::vector<chart_fill>& all) {
  auto list = d.initCharts(static_cast<unsigned>(all.size()));
  for (unsigned i = 0; i < list.size(); ++i) all[i](list[i]);
}

memory_shard::fill create(std::string id, std::vector<chart_fill> all = {}, std::uint32_t elsewhere = 0,
                          std::string title = "Sales") {
  return [=](schema::Command::Body::Builder body) {
    auto said = body.initCreateDashboard();
    said.setElsewhere(elsewhere);
    auto d = said.initDashboard();
    d.setId(id), d.setTitle(title);
    put_charts(d, all);
  };
}

memory_shard::fill set_chart(std::string id, chart_fill fill, std::uint64_t if_version = 0) {
  return [=](schema::Command::Body::Builder body) {
    auto said = body.initSetDashboardChart();
    said.setDashboardId(id), said.setIfVersion(if_version);
    fill(said.initChart());
  };
}

memory_shard::fill remove_chart(std::string id, std::string chart_id) {
  return [=](schema::Command::Body::Builder body) {
    auto said = body.initRemoveDashboardChart();
    said.setDashboardId(id), said.setChartId(chart_id);
  };
}

memory_shard::fill retitle(std::string id, std::string title, std::uint64_t if_version = 0) {
  return [=](schema::Command::Body::Builder body) {
    auto said = body.initUpdateDashboard();
    said.setIfVersion(if_version), said.setSetTitle(true);
    said.initDashboard().setId(id), said.getDashboard().setTitle(title);
  };
}

memory_shard::fill remove_dashboard(std::string id, std::uint64_t if_version = 0) {
  return [=](schema::Command::Body::Builder body) {
    auto said = body.initRemoveDashboard();
    said.setId(id), said.setIfVersion(if_version);
  };
}

schema::Dashboard::Reader shown(const owned<schema::Reply>& reply) {
  REQUIRE((*reply).isDashboard());
  return (*reply).getDashboard();
}

std::vector<std::string> chart_ids(schema::Dashboard::Reader d) {
  std::vector<std::string> out;
  for (auto c : d.getCharts()) out.emplace_back(view_of(c.getId()));
  return out;
}

std::string field_of(const owned<schema::Reply>& reply) {
  REQUIRE((*reply).isRefused());
  return std::string(view_of((*reply).getRefused().getField()));
}

owned<schema::QueryResult> list(const memory_shard& shard, std::string text = "", std::string after = "",
                                std::uint32_t limit = 0) {
  return shard.query([&](auto q) {
    auto l = q.initListDashboards();
    l.setText(text), l.setAfterId(after), l.setLimit(limit);
  });
}

std::vector<std::string> ids(const owned<schema::QueryResult>& found) {
  std::vector<std::string> out;
  for (auto i : (*found).getDashboards().getItems()) out.emplace_back(view_of(i.getDashboard().getId()));
  return out;
}

}  // namespace

TEST_CASE("dashboards: one is made with the defaults, read, and listed without its charts") {
  memory_shard shard;
  auto made = shard.run(create("sales", {chart("a"), chart("b")}));
  auto d = shown(made);
  CHECK(d.getVersion() == 1);
  CHECK(d.getCreatedUs() == shard.now.time_us);
  CHECK(d.getUpdatedUs() == shard.now.time_us);
  CHECK(view_of(d.getOrg()) == "default");
  CHECK(d.getGridColumns() == 12);
  CHECK(d.getUpdateIntervalMs() == 5000);
  CHECK(d.getTimeRange() == schema::DashboardRange::HOURS24);
  CHECK(d.getRealTime());
  CHECK_FALSE(d.getShowMetrics());
  CHECK(d.getCharts()[0].getCols() == limits::chart_cols_default);
  CHECK(d.getCharts()[0].getRows() == limits::chart_rows_default);
  CHECK(d.getCharts()[0].getSource().getTop() == limits::chart_top_default);
  CHECK((*owned<schema::Fact>(shard.last.facts.at(0))).isDashboardChanged());

  auto found = shard.query([](auto q) { q.setGetDashboard("sales"); });
  CHECK(chart_ids((*found).getDashboard()) == std::vector<std::string>{"a", "b"});
  auto all = list(shard);
  REQUIRE(ids(all) == std::vector<std::string>{"sales"});
  auto item = (*all).getDashboards().getItems()[0];
  CHECK(item.getChartCount() == 2);
  CHECK(item.getDashboard().getCharts().size() == 0);
  CHECK((*all).getDashboards().getTotal() == 1);
  CHECK((*shard.query([](auto q) { q.setGetDashboard("none"); })).isNothing());
  CHECK(refused(shard.run(create("sales"))) == errc::conflict);
}

TEST_CASE("dashboards: two people who edit two charts at once both keep their edit") {
  memory_shard shard;
  shard.run(create("d", {chart("a"), chart("b")}));
  shard.run(set_chart("d", chart("b", "of one")));
  shard.run(set_chart("d", chart("a", "of the other")));
  auto added = shard.run(set_chart("d", chart("c")));
  auto d = shown(added);
  CHECK(chart_ids(d) == std::vector<std::string>{"a", "b", "c"});
  CHECK(view_of(d.getCharts()[0].getTitle()) == "of the other");
  CHECK(view_of(d.getCharts()[1].getTitle()) == "of one");
  CHECK(d.getVersion() == 4);
  CHECK(chart_ids(shown(shard.run(remove_chart("d", "a")))) == std::vector<std::string>{"b", "c"});
  CHECK(refused(shard.run(remove_chart("d", "a"))) == errc::not_found);
}

TEST_CASE("dashboards: a change counts the version, the same words do not, a stale version is refused") {
  memory_shard shard;
  shard.run(create("d", {chart("a")}));
  shard.pass(5);
  auto changed = shard.run(retitle("d", "Costs", 1));
  CHECK(shown(changed).getVersion() == 2);
  CHECK(shown(changed).getUpdatedUs() == shard.now.time_us);
  CHECK(shown(changed).getCreatedUs() == shard.now.time_us - 5000);
  CHECK(chart_ids(shown(changed)) == std::vector<std::string>{"a"});
  CHECK(shown(shard.run(retitle("d", "Costs"))).getVersion() == 2);
  CHECK(shard.last.changes.empty());
  CHECK(shown(shard.run(set_chart("d", chart("a")))).getVersion() == 2);
  CHECK(refused(shard.run(retitle("d", "Late", 1))) == errc::version_mismatch);
  CHECK(refused(shard.run(set_chart("d", chart("a", "late"), 1))) == errc::version_mismatch);
  CHECK(refused(shard.run(remove_dashboard("d", 1))) == errc::version_mismatch);
  CHECK(refused(shard.run(retitle("none", "x"))) == errc::not_found);
}

TEST_CASE("dashboards: charts given replace the whole list") {
  memory_shard shard;
  shard.run(create("d", {chart("a"), chart("b")}));
  auto changed = shard.run([](auto body) {
    auto said = body.initUpdateDashboard();
    said.setSetCharts(true);
    said.initDashboard().setId("d");
    put_charts(said.getDashboard(), {chart("c"), chart("a")});
  });
  CHECK(chart_ids(shown(changed)) == std::vector<std::string>{"c", "a"});
  CHECK(view_of(shown(changed).getTitle()) == "Sales");
}

TEST_CASE("dashboards: what was is kept, also of one that is removed") {
  memory_shard shard;
  shard.run(create("d"));
  shard.run(retitle("d", "Costs"));
  shard.run(remove_dashboard("d"));
  CHECK((*owned<schema::Fact>(shard.last.facts.at(0))).isDashboardRemoved());
  CHECK(shard.records.all(family::history).size() == 2);
  CHECK(shard.records.all(family::state).empty());
  CHECK((*shard.query([](auto q) { q.setGetDashboard("d"); })).isNothing());
  CHECK(refused(shard.run(remove_dashboard("d"))) == errc::not_found);
  CHECK(shown(shard.run(create("d"))).getVersion() == 1);
}

TEST_CASE("dashboards: lists go on behind an id, and by a part of title or id, whatever its case") {
  memory_shard shard;
  for (auto id : {"a", "b", "c"}) shard.run(create(id, {}, 0, std::string("Cost  of ") + id));
  auto first = list(shard, "", "", 2);
  CHECK(ids(first) == std::vector<std::string>{"a", "b"});
  CHECK((*first).getMore());
  auto rest = list(shard, "", std::string(view_of((*first).getScannedToId())), 2);
  CHECK(ids(rest) == std::vector<std::string>{"c"});
  CHECK_FALSE((*rest).getMore());
  CHECK(ids(list(shard, "cost OF b")) == std::vector<std::string>{"b"});
  CHECK(ids(list(shard, "C")) == std::vector<std::string>{"a", "b", "c"});
  shard.org = "other";
  CHECK(ids(list(shard)).empty());
  CHECK((*list(shard)).getDashboards().getTotal() == 0);
}

TEST_CASE("dashboards: an organisation has so many at most, wherever they are") {
  memory_shard shard;
  CHECK(refused(shard.run(create("x", {}, limits::dashboards_max))) == errc::conflict);
  shard.run(create("x", {}, limits::dashboards_max - 1));
  CHECK(refused(shard.run(create("y", {}, limits::dashboards_max - 1))) == errc::conflict);
  shard.run(remove_dashboard("x"));
  CHECK((*shard.run(create("y", {}, limits::dashboards_max - 1))).isDashboard());
  shard.org = "other";
  CHECK((*shard.run(create("y", {}, limits::dashboards_max - 1))).isDashboard());
}

TEST_CASE("dashboards: a dashboard has so many charts and bytes at most") {
  memory_shard shard;
  shard.run(create("d"));
  for (std::size_t i = 0; i < limits::charts_max; ++i) shard.run(set_chart("d", chart(std::to_string(i))));
  CHECK(refused(shard.run(set_chart("d", chart("one more")))) == errc::conflict);
  CHECK((*shard.run(set_chart("d", chart("7", "in its place")))).isDashboard());
  CHECK(refused(shard.run(create("many", std::vector<chart_fill>(limits::charts_max + 1, chart("x"))))) ==
        errc::conflict);
  auto wide = [](schema::Chart::Builder c) {
    auto s = c.initSource();
    auto long_name = std::string(limits::id_bytes_max, 'n');
    s.setAgentId(long_name), s.setTeam(long_name), s.setModel(long_name), s.setTool(long_name);
    c.setTitle(std::string(limits::dashboard_title_bytes_max, 't'));
  };
  std::vector<chart_fill> all;
  for (std::size_t i = 0; i < limits::charts_max; ++i)
    all.push_back([=](auto c) { wide(c), c.setId(std::to_string(i)); });
  CHECK(refused(shard.run(create("wide", all))) == errc::too_large);
  CHECK((*shard.query([](auto q) { q.setGetDashboard("wide"); })).isNothing());
}

TEST_CASE("dashboards: what makes no sense is refused by field, and changes nothing") {
  using namespace schema;
  memory_shard shard;
  auto of_dashboard = [&](const dashboard_fill& fill) {
    return field_of(shard.run([&](auto body) {
      auto d = body.initCreateDashboard().initDashboard();
      d.setId("d"), d.setTitle("t");
      fill(d);
    }));
  };
  CHECK(of_dashboard([](auto d) { d.setId(""); }) == "dashboard_id");
  CHECK(of_dashboard([](auto d) { d.setTitle(""); }) == "title");
  CHECK(of_dashboard([](auto d) { d.setTitle(std::string(201, 't')); }) == "title");
  CHECK(of_dashboard([](auto d) { d.setDescription(std::string(2001, 't')); }) == "description");
  CHECK(of_dashboard([](auto d) { d.setGridColumns(25); }) == "grid_columns");
  CHECK(of_dashboard([](auto d) { d.setGridColumns(0); }) == "grid_columns");
  CHECK(of_dashboard([](auto d) { d.setUpdateIntervalMs(999); }) == "update_interval");
  CHECK(of_dashboard([](auto d) { d.setTimeRange(static_cast<DashboardRange>(9)); }) == "time_range");
  CHECK(of_dashboard([](auto d) { put_charts(d, {chart("a"), chart("a")}); }) == "charts[1].id");

  auto of_chart = [&](const chart_fill& fill) {
    return of_dashboard([&](auto d) { put_charts(d, {[&](auto c) { c.setId("c"), fill(c); }}); });
  };
  auto of_source = [&](ChartType type, ChartView view, ChartMeasure measure, ChartGroup group) {
    return of_chart([=](auto c) {
      c.setType(type);
      auto s = c.initSource();
      s.setView(view), s.setMeasure(measure), s.setGroupBy(group);
    });
  };
  CHECK(of_chart([](auto c) { c.setId(""); }) == "charts[0].id");
  CHECK(of_chart([](auto c) { c.setId(std::string(65, 'c')); }) == "charts[0].id");
  CHECK(of_chart([](auto c) { c.setCols(13); }) == "charts[0].cols");
  CHECK(of_chart([](auto c) { c.setRows(13); }) == "charts[0].rows");
  CHECK(of_chart([](auto c) { c.setMax(-1); }) == "charts[0].max");
  CHECK(of_chart([](auto c) { c.setType(static_cast<ChartType>(10)); }) == "charts[0].type");
  CHECK(of_chart([](auto c) { c.initSource().setTop(51); }) == "charts[0].source.top");
  CHECK(of_chart([](auto c) { c.initSource().setView(static_cast<ChartView>(6)); }) ==
        "charts[0].source.view");
  CHECK(of_chart([](auto c) { c.initSource().setTeam(std::string(257, 't')); }) ==
        "charts[0].source.filters.team");
  CHECK(of_source(ChartType::LINE, ChartView::USAGE, ChartMeasure::MISSES, ChartGroup::NONE) ==
        "charts[0].source.measure");
  CHECK(of_source(ChartType::LINE, ChartView::USAGE, ChartMeasure::EVENTS, ChartGroup::TIER) ==
        "charts[0].source.group_by");
  CHECK(of_source(ChartType::HEATMAP, ChartView::USAGE, ChartMeasure::EVENTS, ChartGroup::NONE) ==
        "charts[0].type");
  CHECK(of_source(ChartType::PIE, ChartView::USAGE, ChartMeasure::ERROR_RATE, ChartGroup::TEAM) ==
        "charts[0].source.measure");
  CHECK(of_source(ChartType::TIMELINE, ChartView::AGENTS, ChartMeasure::EVENTS, ChartGroup::AGENT) ==
        "charts[0].source.filters.agent_id");
  CHECK((*shard.query([](auto q) { q.setGetDashboard("d"); })).isNothing());

  shard.run(create("d", {[](auto c) { c.setId("wide"), c.setCols(12); }}));
  auto narrower = shard.run([](auto body) {
    auto said = body.initUpdateDashboard();
    said.setSetGridColumns(true);
    said.initDashboard().setId("d"), said.getDashboard().setGridColumns(6);
  });
  CHECK(field_of(narrower) == "charts[0].cols");
}

TEST_CASE("charts: a refusal says what may be said") {
  capnp::MallocMessageBuilder message;
  auto c = message.initRoot<schema::Chart>();
  c.setId("c"), c.setType(schema::ChartType::PIE);
  auto s = c.initSource();
  s.setView(schema::ChartView::MEMORY), s.setMeasure(schema::ChartMeasure::HIT_RATE);
  s.setGroupBy(schema::ChartGroup::TIER);
  std::vector<charts::fault> found;
  charts::find_faults(c.asReader(), 12, "", found);
  REQUIRE(found.size() == 1);
  CHECK(found[0].field == "source.measure");
  CHECK(found[0].detail == "of a pie adds up: it is one of 'accesses' and 'cost_usd'");
  CHECK(charts::value_of<schema::ChartMeasure>("latency_p95") == schema::ChartMeasure::LATENCY_P95);
  CHECK_FALSE(charts::value_of<schema::ChartMeasure>("latency"));
  CHECK(charts::name_of(schema::DashboardRange::DAYS7) == "7d");
}
