// Dashboards on wire and disk, filled in completely, against their file in tests/golden.
#include <catch2/catch_test_macros.hpp>

#include "actors/dashboard/keys.hpp"
#include "protocol/key.hpp"
#include "tests/support/golden.hpp"
#include "tests/support/memory_records.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

void fill_chart(schema::Chart::Builder c) {
  c.setId("c"), c.setType(schema::ChartType::TIMELINE), c.setTitle("T"), c.setCols(1), c.setRows(2);
  c.setRealTime(false), c.setInteractive(false), c.setMax(0.5);
  auto s = c.initSource();
  s.setView(schema::ChartView::AGENTS), s.setMeasure(schema::ChartMeasure::UTILISATION);
  s.setGroupBy(schema::ChartGroup::ITEM), s.setTop(3), s.setAgentId("a"), s.setTeam("t"), s.setModel("m");
  s.setTool("x");
}

void fill_dashboard(schema::Dashboard::Builder d) {
  d.setId("d"), d.setOrg("org"), d.setTitle("Title"), d.setDescription("About"), d.setGridColumns(24);
  d.setTimeRange(schema::DashboardRange::DAYS30), d.setUpdateIntervalMs(1000), d.setRealTime(false);
  d.setShowMetrics(true), d.setVersion(3), d.setCreatedUs(4), d.setUpdatedUs(5), d.setUpdatedBy("key");
  fill_chart(d.initCharts(1)[0]);
}

template <class Fill>
std::string command(Fill fill) {
  return encoded<schema::Command>([&](auto c) {
    c.setOrg("org"), c.setPrincipal("key");
    fill(c.initBody());
  });
}

template <class Fill>
std::string fact(Fill fill) {
  return encoded<schema::Fact>([&](auto f) {
    f.setOrg("org");
    fill(f);
  });
}

std::vector<std::string> commands() {
  return {
      command([](auto b) {
        fill_dashboard(b.initCreateDashboard().initDashboard());
        b.getCreateDashboard().setElsewhere(7);
      }),
      command([](auto b) {
        auto u = b.initUpdateDashboard();
        fill_dashboard(u.initDashboard());
        u.setIfVersion(3), u.setSetTitle(true), u.setSetDescription(true), u.setSetGridColumns(true);
        u.setSetTimeRange(true), u.setSetUpdateInterval(true), u.setSetRealTime(true);
        u.setSetShowMetrics(true), u.setSetCharts(true);
      }),
      command([](auto b) {
        auto s = b.initSetDashboardChart();
        s.setDashboardId("d"), s.setIfVersion(3), fill_chart(s.initChart());
      }),
      command([](auto b) {
        auto r = b.initRemoveDashboardChart();
        r.setDashboardId("d"), r.setIfVersion(3), r.setChartId("c");
      }),
      command([](auto b) { b.initRemoveDashboard().setId("d"), b.getRemoveDashboard().setIfVersion(3); })};
}

}  // namespace

TEST_CASE("golden: dashboards keep their bytes, stored, commanded, told and asked for") {
  mutations all;
  auto add = [&](std::string_view bytes) { all.put(family::state, {}, bytes); };
  add(encoded<schema::Dashboard>(fill_dashboard));
  add(encoded<schema::DashboardTotal>([](auto t) { t.setDashboards(9); }));
  for (auto& bytes : commands()) add(bytes);
  add(encoded<schema::Reply>([](auto r) { fill_dashboard(r.initDashboard()); }));
  add(fact([](auto f) { fill_dashboard(f.initDashboardChanged()); }));
  add(fact([](auto f) { f.setDashboardRemoved("d"); }));
  add(encoded<schema::Query>([](auto q) { q.setOrg("org"), q.setGetDashboard("d"); }));
  add(encoded<schema::Query>([](auto q) {
    auto l = q.initListDashboards();
    l.setText("x"), l.setAfterId("c"), l.setLimit(2);
  }));
  add(encoded<schema::QueryResult>([](auto r) { fill_dashboard(r.initDashboard()); }));
  add(encoded<schema::QueryResult>([](auto r) {
    auto page = r.initDashboards();
    page.setTotal(4);
    auto item = page.initItems(1)[0];
    item.setChartCount(5), item.initDashboard().setId("d");
  }));
  add(dashboards::dashboard_key("org", "d") + dashboards::dashboard_total_key("org"));
  CHECK(golden("dashboard", all.bytes()));
}
