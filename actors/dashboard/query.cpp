#include "query.hpp"

#include "actors/insight/event_facts.hpp"
#include "copies.hpp"
#include "keys.hpp"
#include "protocol/key.hpp"
#include "protocol/limits.hpp"
#include "protocol/message.hpp"
#include "protocol/page.hpp"

namespace troupe::dashboards {

namespace {

std::string folded(capnp::Text::Reader text) {
  return insight::folded_text(view_of(text), limits::id_bytes_max);
}

bool fits(schema::Dashboard::Reader dashboard, const std::string& part) {
  return part.empty() || folded(dashboard.getTitle()).find(part) != std::string::npos ||
         folded(dashboard.getId()).find(part) != std::string::npos;
}

// Of its place in an answer, about.
std::size_t item_bytes(schema::Dashboard::Reader dashboard) {
  constexpr std::size_t fixed = 256;
  return fixed + dashboard.getId().size() + dashboard.getTitle().size() + dashboard.getDescription().size();
}

std::uint32_t total_of(const record_reader& records, std::string_view org) {
  auto bytes = records.get(family::state, dashboard_total_key(org));
  return bytes ? message_reader(*bytes).root<schema::DashboardTotal>().getDashboards() : 0;
}

void list(const record_reader& records, schema::Query::Reader query, schema::QueryResult::Builder out) {
  auto asked = query.getListDashboards();
  auto org = view_of(query.getOrg());
  auto prefix = dashboards_prefix(org);
  auto part = folded(asked.getText());
  page bounds(asked.getLimit());
  std::vector<std::string> found;
  std::string scanned(view_of(asked.getAfterId()));
  bool more = false;
  auto visit = [&](std::string_view, std::string_view value) {
    more = !bounds.look();
    if (more) return false;
    message_reader reader(value);
    auto dashboard = reader.root<schema::Dashboard>();
    if (fits(dashboard, part)) {
      more = !bounds.take(item_bytes(dashboard));
      if (more) return false;
      found.emplace_back(value);
    }
    scanned = view_of(dashboard.getId());
    return true;
  };
  auto from = scanned.empty() ? prefix : dashboard_key(org, scanned) + '\0';
  records.scan(family::state, from, prefix_end(prefix), visit);
  out.setMore(more);
  out.setScannedToId(scanned.c_str());
  auto answer = out.initDashboards();
  answer.setTotal(total_of(records, org));
  auto items = answer.initItems(static_cast<unsigned>(found.size()));
  for (unsigned i = 0; i < items.size(); ++i) {
    message_reader reader(found[i]);
    auto dashboard = reader.root<schema::Dashboard>();
    copy_head(dashboard, items[i].initDashboard());
    items[i].setChartCount(dashboard.getCharts().size());
  }
}

}  // namespace

void dashboard_queries::answer(const record_reader& records, schema::Query::Reader query,
                               schema::QueryResult::Builder out) const {
  if (query.isListDashboards()) return list(records, query, out);
  auto bytes =
      records.get(family::state, dashboard_key(view_of(query.getOrg()), view_of(query.getGetDashboard())));
  if (!bytes) return out.setNothing();
  message_reader record(*bytes);
  out.setDashboard(record.root<schema::Dashboard>());
}

}  // namespace troupe::dashboards
