#include "dashboard_change.hpp"

#include "copies.hpp"
#include "keys.hpp"
#include "protocol/charts.hpp"
#include "protocol/limits.hpp"

namespace troupe::dashboards {

namespace {

std::string with_dashboard(schema::Dashboard::Reader dashboard) {
  capnp::MallocMessageBuilder message;
  message.initRoot<schema::Reply>().setDashboard(dashboard);
  return to_bytes(message);
}

bool is_same(schema::Dashboard::Reader a, schema::Dashboard::Reader b) {
  return capnp::AnyStruct::Reader(a) == capnp::AnyStruct::Reader(b);
}

}  // namespace

dashboard_change::dashboard_change(const view& before, schema::Command::Reader command,
                                   capnp::Text::Reader id, const stamp& at)
    : org_(command.getOrg()), id_(id), principal_(command.getPrincipal()), at_(at) {
  if (auto bytes = before.get(family::state, dashboard_total_key(view_of(org_))))
    total_ = message_reader(*bytes).root<schema::DashboardTotal>().getDashboards();
  auto next = head_.initRoot<schema::Dashboard>();
  auto bytes = before.get(family::state, dashboard_key(view_of(org_), view_of(id_)));
  if (!bytes) return;
  before_.emplace(*bytes);
  auto old = before_->root<schema::Dashboard>();
  copy_head(old, next);
  for (auto chart : old.getCharts()) charts_.push_back(chart);
}

void dashboard_change::reads(std::string_view org, std::string_view id, read_set& keys) {
  keys.add(family::state, dashboard_key(org, id));
  keys.add(family::state, dashboard_total_key(org));
}

void dashboard_change::begin_new(schema::Dashboard::Reader said) {
  copy_head(said, head());
  head().setOrg(org_);
  head().setCreatedUs(at_.time_us);
  head().setVersion(0);
  set_charts(said.getCharts());
}

// One too many is enough to be refused: a long list of empty structs costs its sender nothing.
void dashboard_change::set_charts(capnp::List<schema::Chart>::Reader said) {
  charts_.clear();
  for (unsigned i = 0; i < said.size() && charts_.size() <= limits::charts_max; ++i)
    charts_.push_back(said[i]);
}

std::optional<outcome> dashboard_change::refuse_unless(std::uint64_t if_version) {
  auto id = std::string(view_of(id_));
  if (!known())
    return outcome{
        {},
        refusal(errc::not_found, "there is no dashboard '" + id + "': create it first", "dashboard_id"),
        {}};
  auto version = before().getVersion();
  if (if_version == 0 || if_version == version) return std::nullopt;
  return outcome{{},
                 refusal(errc::version_mismatch,
                         "dashboard '" + id + "' is at version " + std::to_string(version) + ", not " +
                             std::to_string(if_version) + ": read it again and repeat the change"),
                 {}};
}

void dashboard_change::join(capnp::MallocMessageBuilder& to) {
  auto next = to.initRoot<schema::Dashboard>();
  copy_head(head().asReader(), next);
  auto list = next.initCharts(static_cast<unsigned>(charts_.size()));
  for (unsigned i = 0; i < list.size(); ++i) {
    copy_chart(charts_[i], list[i]);
    charts::fill_defaults(list[i], next.getGridColumns());
  }
}

outcome dashboard_change::write() {
  if (charts_.size() > limits::charts_max)
    return {
        {},
        refusal(errc::conflict,
                "a dashboard has at most " + std::to_string(limits::charts_max) + " charts: remove one first",
                "charts"),
        {}};
  capnp::MallocMessageBuilder same;
  join(same);
  auto faults = charts::faults_of(same.getRoot<schema::Dashboard>().asReader());
  if (!faults.empty())
    return {{},
            refusal(errc::invalid_argument, faults.front().field + " " + faults.front().detail,
                    faults.front().field),
            {}};
  if (known() && is_same(before(), same.getRoot<schema::Dashboard>().asReader()))
    return {{}, with_dashboard(before()), {}};
  head().setVersion(head().getVersion() + 1);
  head().setUpdatedUs(at_.time_us);
  head().setUpdatedBy(principal_);
  capnp::MallocMessageBuilder message;
  join(message);
  auto next = message.getRoot<schema::Dashboard>().asReader();
  auto bytes = to_bytes(message);
  if (bytes.size() > limits::dashboard_bytes_max)
    return {{},
            refusal(errc::too_large, "the dashboard takes " + std::to_string(bytes.size()) +
                                         " bytes: at most " + std::to_string(limits::dashboard_bytes_max) +
                                         " are allowed. Shorten titles, or make two of it"),
            {}};
  outcome out;
  out.changes.put_kept(family::state, dashboard_key(view_of(org_), view_of(id_)), bytes);
  if (!known()) put_total(out, total_ + 1);
  capnp::MallocMessageBuilder news;
  auto fact = news.initRoot<schema::Fact>();
  fact.setOrg(org_);
  fact.setDashboardChanged(next);
  out.facts.push_back(to_bytes(news));
  out.reply = with_dashboard(next);
  return out;
}

outcome dashboard_change::remove() {
  if (total_ == 0) throw machine_fault("an organisation's dashboards would be fewer than none");
  outcome out;
  auto key = dashboard_key(view_of(org_), view_of(id_));
  out.changes.put_kept(family::state, key, {});  // so that history has what is removed
  out.changes.erase(family::state, key);
  put_total(out, total_ - 1);
  capnp::MallocMessageBuilder news;
  auto fact = news.initRoot<schema::Fact>();
  fact.setOrg(org_);
  fact.setDashboardRemoved(id_);
  out.facts.push_back(to_bytes(news));
  out.reply = done_reply();
  return out;
}

void dashboard_change::put_total(outcome& to, std::uint32_t total) {
  auto key = dashboard_total_key(view_of(org_));
  if (total == 0) return to.changes.erase(family::state, key);
  capnp::MallocMessageBuilder message;
  message.initRoot<schema::DashboardTotal>().setDashboards(total);
  to.changes.put(family::state, key, to_bytes(message));
}

}  // namespace troupe::dashboards
