#include "node/ctl/commands.hpp"

#include <capnp/message.h>

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <functional>

#include "node/ctl/ask.hpp"
#include "node/ctl/records.hpp"
#include "protocol/message.hpp"

namespace troupe::ctl {
namespace json = boost::json;
namespace {

using request_builder = schema::AdminRequest::Builder;

std::int64_t now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// A shard's refusal inside the results, if there is one.
std::optional<failure> refusal_in(schema::AdminReply::Reader reply) {
  for (auto r : reply.getResults())
    if (r.isRefused())
      return failure{.code = static_cast<errc>(r.getRefused().getCode()),
                     .detail = std::string(view_of(r.getRefused().getDetail()))};
  return std::nullopt;
}

// A page over all shards in the order of ids, and where the next one begins.
exit_code show_page(connection& node, printer& out, const std::function<void(schema::Query::Builder)>& ask,
                    const std::function<void(schema::QueryResult::Reader, json::array&)>& read,
                    std::size_t limit, json::string_view id_name, const std::vector<column>& columns) {
  auto fill = [&](request_builder r) { ask(r.initQuery()); };
  return with_reply(node, out, fill, [&](schema::AdminReply::Reader reply) {
    if (auto no = refusal_in(reply)) return failed(out, *no);
    json::array items;
    bool more = false;
    for (auto result : reply.getResults()) {
      more = more || result.getMore();
      read(result, items);
    }
    auto id_of = [&](const json::value& v) { return v.at(id_name).as_string(); };
    std::sort(items.begin(), items.end(), [&](auto& a, auto& b) { return id_of(a) < id_of(b); });
    if (items.size() > limit) {
      items.resize(limit);
      more = true;
    }
    json::value next(nullptr);
    if (more && !items.empty()) next = id_of(items.back());
    json::value rows(items);
    out.show(json::object{{"items", std::move(items)}, {"next_after", next}}, rows, columns);
    if (!next.is_null()) out.note("more: --after " + std::string(next.as_string().c_str()));
    return ok;
  });
}

}  // namespace

exit_code failed(printer& out, const failure& f) {
  out.error(f);
  return exit_code_of(f);
}

exit_code with_reply(connection& node, printer& out,
                     const std::function<void(schema::AdminRequest::Builder)>& fill,
                     const std::function<exit_code(schema::AdminReply::Reader)>& use) {
  capnp::MallocMessageBuilder message;
  fill(message.initRoot<schema::AdminRequest>());
  auto reply = node.ask(to_bytes(message));
  if (!reply) return failed(out, reply.error());
  message_reader reader(*reply);
  return use(reader.root<schema::AdminReply>());
}

void show_items(printer& out, json::array items, const std::vector<column>& columns) {
  json::value rows(items);
  out.show(json::object{{"items", std::move(items)}}, rows, columns);
}

exit_code exit_code_of(const failure& f) {
  return f.code == errc::unavailable || f.code == errc::timed_out ? unreachable : refused;
}

exit_code status(connection& node, printer& out) {
  return with_reply(
      node, out, [](request_builder r) { r.setStatus(); },
      [&](schema::AdminReply::Reader reply) {
        auto v = status_json(reply.getStatus());
        out.show(v, v, {});
        auto s = reply.getStatus();
        return s.getReady() && s.getProblems().size() == 0 ? ok : unhealthy;
      });
}

exit_code config_show(connection& node, printer& out) {
  return with_reply(
      node, out, [](request_builder r) { r.setConfig(); },
      [&](schema::AdminReply::Reader reply) {
        json::array items;
        for (auto s : reply.getConfig()) items.push_back(setting_json(s));
        show_items(out, std::move(items), {{"NAME", "name"}, {"VALUE", "value"}, {"FROM", "source"}});
        return ok;
      });
}

exit_code agents_list(connection& node, printer& out, const list_options& options) {
  auto ask = [&](schema::Query::Builder query) {
    query.setOrg(options.org);
    auto list = query.initListAgents();
    list.setTeam(options.team);
    list.setAfterId(options.after);
    list.setLimit(options.limit);
  };
  auto read = [](schema::QueryResult::Reader found, json::array& to) {
    if (found.isAgents())
      for (auto a : found.getAgents()) to.push_back(agent_json(a, now_us()));
  };
  return show_page(node, out, ask, read, options.limit, "id",
                   {{"AGENT", "id"},
                    {"STATUS", "status"},
                    {"TEAM", "team"},
                    {"LOAD", "current_load"},
                    {"PENDING", "pending_tasks"},
                    {"EVENTS", "totals.events"},
                    {"ERRORS", "totals.errors"},
                    {"COST USD", "totals.cost_usd"},
                    {"LAST ACTIVITY", "last_activity"}});
}

exit_code agents_show(connection& node, printer& out, const std::string& org, const std::string& id) {
  auto fill = [&](request_builder r) {
    auto query = r.initQuery();
    query.setOrg(org);
    query.setGetAgent(id);
  };
  return with_reply(node, out, fill, [&](schema::AdminReply::Reader reply) {
    if (auto no = refusal_in(reply)) return failed(out, *no);
    for (auto result : reply.getResults())
      if (result.isAgents() && result.getAgents().size() > 0) {
        auto v = agent_json(result.getAgents()[0], now_us());
        out.show(v, v, {});
        return ok;
      }
    return failed(out, {.code = errc::not_found, .detail = "there is no agent \"" + id + "\""});
  });
}

exit_code dashboards_list(connection& node, printer& out, const list_options& options) {
  auto ask = [&](schema::Query::Builder query) {
    query.setOrg(options.org);
    auto list = query.initListDashboards();
    list.setText(options.text);
    list.setAfterId(options.after);
    list.setLimit(options.limit);
  };
  auto read = [](schema::QueryResult::Reader found, json::array& to) {
    if (found.isDashboards())
      for (auto item : found.getDashboards().getItems()) to.push_back(dashboard_item_json(item));
  };
  return show_page(node, out, ask, read, options.limit, "dashboard_id",
                   {{"DASHBOARD", "dashboard_id"},
                    {"TITLE", "title"},
                    {"CHARTS", "chart_count"},
                    {"VERSION", "version"},
                    {"UPDATED", "updated_at"},
                    {"BY", "updated_by"}});
}

exit_code dashboards_show(connection& node, printer& out, const std::string& org, const std::string& id) {
  auto fill = [&](request_builder r) {
    auto query = r.initQuery();
    query.setOrg(org);
    query.setGetDashboard(id);
  };
  return with_reply(node, out, fill, [&](schema::AdminReply::Reader reply) {
    if (auto no = refusal_in(reply)) return failed(out, *no);
    for (auto result : reply.getResults())
      if (result.isDashboard()) {
        auto v = dashboard_json(result.getDashboard());
        out.show(v, v, {});
        return ok;
      }
    return failed(out, {.code = errc::not_found, .detail = "there is no dashboard \"" + id + "\""});
  });
}

exit_code events_tail(connection& node, printer& out, const tail_options& options) {
  std::uint64_t shown = 0;
  auto show = [&](std::string_view feed) {
    each_event(feed, options.agent, [&](const json::value& event) {
      if (options.limit != 0 && shown >= options.limit) return;
      out.show_one(event, event_line(event));
      ++shown;
    });
    return out.good() && (options.limit == 0 || shown < options.limit);
  };
  auto end = node.tail(options.agent, show);
  return end ? ok : failed(out, end.error());
}

exit_code keys_list(connection& node, printer& out) {
  return with_reply(
      node, out, [](request_builder r) { r.initQuery().setListApiKeys(); },
      [&](schema::AdminReply::Reader reply) {
        if (auto no = refusal_in(reply)) return failed(out, *no);
        json::array items;
        for (auto result : reply.getResults())
          if (result.isApiKeys())
            for (auto k : result.getApiKeys()) items.push_back(key_json(k));
        show_items(out, std::move(items),
                   {{"ID", "id"},
                    {"NAME", "name"},
                    {"ROLE", "role"},
                    {"ORG", "org"},
                    {"CONNECTIONS", "max_connections"},
                    {"STATUS", "status"},
                    {"CREATED", "created_at"}});
        return ok;
      });
}

exit_code keys_create(connection& node, printer& out, const key_options& options) {
  auto fill = [&](request_builder r) {
    auto create = r.initCreateKey();
    create.setName(options.name);
    create.setOrg(options.org);
    create.setMaxConnections(options.max_connections);
    create.setRole(options.role == "admin"    ? schema::Role::ADMIN
                   : options.role == "ingest" ? schema::Role::INGEST
                                              : schema::Role::READ);
  };
  return with_reply(node, out, fill, [&](schema::AdminReply::Reader reply) {
    auto v = key_json(reply.getKeyCreated().getKey());
    auto secret = reply.getKeyCreated().getSecret();
    v.as_object()["key"] = json::string(secret.begin(), secret.size());
    out.show(v, v, {});
    out.note("The key is shown this once: keep it now.");
    return ok;
  });
}

exit_code keys_revoke(connection& node, printer& out, const std::string& id) {
  return with_reply(
      node, out, [&](request_builder r) { r.setRevokeKey(id); },
      [&](schema::AdminReply::Reader) {
        json::value v(json::object{{"id", json::string(id)}, {"status", "revoked"}});
        out.show(v, v, {});
        return ok;
      });
}

}  // namespace troupe::ctl
