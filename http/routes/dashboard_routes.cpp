// Dashboards: listing over all shards, making, changing as a whole or chart by chart, removing, and templates.
#include "actors/runtime/identity.hpp"
#include "http/routes/all_routes.hpp"
#include "http/routes/common_docs.hpp"
#include "http/routes/cursor.hpp"
#include "http/routes/dashboard_body.hpp"
#include "http/routes/dashboard_json.hpp"
#include "http/routes/dashboard_templates.hpp"
#include "http/routes/id_list.hpp"
#include "http/routes/if_match.hpp"
#include "http/routes/parameters.hpp"
#include "http/server/text.hpp"
#include "protocol/envelope.hpp"

namespace troupe::http {

namespace {

constexpr char cursor_list = 'd';
constexpr std::string_view templates_name = "templates";  // its path is taken
constexpr std::string_view template_agent = "agent-1";    // where no agent is known yet

response dashboard_answer(schema::Dashboard::Reader dashboard, int status) {
  std::string out;
  write_dashboard_json(dashboard, out);
  auto answer = response::json(std::move(out), status);
  answer.with("ETag", version_etag(dashboard.getVersion()));
  return answer;
}

response changed(schema::Reply::Reader reply) { return dashboard_answer(reply.getDashboard(), 200); }

response no_such_version() {
  return problem_response(errc::version_mismatch, "If-Match names no version of a dashboard.");
}

void list_dashboards(api_context& api, const request_ptr& r, const responder& back) {
  query_fields q(*r, {"q", "limit", "cursor"});
  id_list_request ask;
  ask.org = r->who.org;
  ask.limit = q.limit();
  ask.level = consistency_of(*r);
  auto text = std::string(q.text("q"));
  if (auto given = r->parameter("cursor")) {
    auto at = parse_cursor(*given, cursor_list);
    if (!at) q.refuse("cursor", "is no cursor of this list");
    if (at) ask.after_id = at->text;
  }
  if (auto refusal = q.refusal()) return back(std::move(*refusal));
  ask.ask = [text](schema::Query::Builder query, const std::string& after_id, std::uint32_t limit) {
    auto list = query.initListDashboards();
    list.setText(text);
    list.setAfterId(after_id);
    list.setLimit(limit);
  };
  ask.read = [](schema::QueryResult::Reader found, std::vector<listed>& to) {
    if (!found.isDashboards()) return;
    for (auto item : found.getDashboards().getItems())
      to.push_back({std::string(view_of(item.getDashboard().getId())),
                    [item](std::string& out) { write_dashboard_item_json(item, out); }});
  };
  collect_by_id(api, back, std::move(ask), [r, back](const id_list_page& page) {
    std::optional<cursor> next;
    if (!page.next_after_id.empty()) next = cursor{.list = cursor_list, .text = page.next_after_id};
    auto answer = list_response(*r, page.items, next);
    for (const auto& [name, value] : page.headers) answer.with(name, value);
    back(std::move(answer));
  });
}

// The id decides the shard, so it is drawn here. A request that is sent again under its key gets the same one.
std::string drawn_id(const request& r) {
  auto key = r.field("Idempotency-Key");
  if (key.empty()) return draw_text();
  constexpr std::string_view digits = "0123456789abcdef";
  std::string id;
  for (std::string_view half : {"high", "low"}) {
    auto bits = checksum64(concat({half, "\n", r.who.org, "\n", key}));
    for (int at = 60; at >= 0; at -= 4) id.push_back(digits[bits >> at & 15]);
  }
  return id;
}

// The shard of a new dashboard knows how many of the organisation it has itself; the others are asked.
void create_dashboard(api_context& api, const request_ptr& r, const responder& back) {
  body_fields f(*r);
  capnp::MallocMessageBuilder scratch;
  auto said = scratch.initRoot<schema::UpdateDashboard>();
  auto id = f.text("dashboard_id", limits::id_bytes_max);
  if (id && id->empty()) f.refuse("dashboard_id", "must not be empty");
  if (id == templates_name) f.refuse("dashboard_id", "is a path of this API: choose another");
  read_dashboard(f, kind_of_body::whole, said);
  if (auto refusal = f.refusal()) return back(std::move(*refusal));
  if (!id) id = drawn_id(*r);
  said.getDashboard().setId(*id);
  auto command = std::make_shared<command_builder>(*r);
  command->body().initCreateDashboard().setDashboard(said.getDashboard().asReader());
  auto home = api.actors.shard_of_dashboard(r->who.org, *id);
  auto send = [&api, back, command, home, id = *id](std::uint32_t elsewhere) {
    command->body().getCreateDashboard().setElsewhere(elsewhere);
    run_command(api, back, home, command->bytes(), [id](schema::Reply::Reader reply) {
      auto answer = dashboard_answer(reply.getDashboard(), 201);
      answer.with("Location", concat({"/api/v2/dashboards/", percent_encode(id)}));
      return answer;
    });
  };
  auto others = api.actors.entity_shards();
  std::erase(others, home);
  if (others.empty()) return send(0);
  query_builder query(r->who.org);
  query->initListDashboards().setLimit(1);
  run_query_each(api, consistency::linearizable, back, std::move(others), query.bytes(),
                 [send](const results& found) {
                   std::uint32_t elsewhere = 0;
                   for (const auto& one : found)
                     if (one.isDashboards()) elsewhere += one.getDashboards().getTotal();
                   send(elsewhere);
                 });
}

void get_dashboard(api_context& api, const request_ptr& r, const responder& back) {
  query_fields q(*r, {});
  if (auto refusal = q.refusal()) return back(std::move(*refusal));
  const auto& id = r->captures.at(0);
  query_builder query(r->who.org);
  query->setGetDashboard(id);
  run_query(api, *r, back, api.actors.shard_of_dashboard(r->who.org, id), query.bytes(),
            [](schema::QueryResult::Reader found) {
              if (found.isDashboard()) return dashboard_answer(found.getDashboard(), 200);
              return problem_response(errc::not_found, "There is no dashboard with this id.");
            });
}

void update_dashboard(api_context& api, const request_ptr& r, const responder& back) {
  auto version = version_wanted(*r);
  if (!version) return back(no_such_version());
  const auto& id = r->captures.at(0);
  body_fields f(*r);
  command_builder command(*r);
  auto said = command.body().initUpdateDashboard();
  read_dashboard(f, kind_of_body::change, said);
  if (auto refusal = f.refusal()) return back(std::move(*refusal));
  said.getDashboard().setId(id);
  said.setIfVersion(*version);
  run_command(api, back, api.actors.shard_of_dashboard(r->who.org, id), command.bytes(), changed);
}

void set_chart(api_context& api, const request_ptr& r, const responder& back) {
  auto version = version_wanted(*r);
  if (!version) return back(no_such_version());
  const auto &id = r->captures.at(0), &chart_id = r->captures.at(1);
  body_fields f(*r);
  command_builder command(*r);
  auto said = command.body().initSetDashboardChart();
  said.setDashboardId(id);
  said.setIfVersion(*version);
  if (chart_id.size() > limits::chart_id_bytes_max) f.refuse("id", "is longer than 64 bytes");
  // The grid of the stored dashboard decides, where the change is made.
  read_chart(f, chart_id, limits::grid_columns_max, said.initChart());
  if (auto refusal = f.refusal()) return back(std::move(*refusal));
  run_command(api, back, api.actors.shard_of_dashboard(r->who.org, id), command.bytes(), changed);
}

void remove_chart(api_context& api, const request_ptr& r, const responder& back) {
  auto version = version_wanted(*r);
  if (!version) return back(no_such_version());
  const auto& id = r->captures.at(0);
  command_builder command(*r);
  auto said = command.body().initRemoveDashboardChart();
  said.setDashboardId(id);
  said.setIfVersion(*version);
  said.setChartId(r->captures.at(1));
  run_command(api, back, api.actors.shard_of_dashboard(r->who.org, id), command.bytes(), changed);
}

void remove_dashboard(api_context& api, const request_ptr& r, const responder& back) {
  auto version = version_wanted(*r);
  if (!version) return back(no_such_version());
  const auto& id = r->captures.at(0);
  command_builder command(*r);
  auto said = command.body().initRemoveDashboard();
  said.setId(id);
  said.setIfVersion(*version);
  run_command(api, back, api.actors.shard_of_dashboard(r->who.org, id), command.bytes(),
              [](schema::Reply::Reader) { return response::empty(204); });
}

// A timeline is of one agent: the one that was seen last, so that the template shows something.
void list_templates(api_context& api, const request_ptr& r, const responder& back) {
  query_fields q(*r, {});
  if (auto refusal = q.refusal()) return back(std::move(*refusal));
  query_builder query(r->who.org);
  query->initListAgents().setLimit(limits::page_items_default);
  run_query_each(api, consistency::local, back, api.actors.entity_shards(), query.bytes(),
                 [back](const results& found) {
                   std::string agent(template_agent);
                   std::int64_t seen_us = 0;
                   for (const auto& one : found) {
                     if (!one.isAgents()) continue;
                     for (auto a : one.getAgents())
                       if (a.getActivity().getLastActivityUs() > seen_us) {
                         seen_us = a.getActivity().getLastActivityUs();
                         agent = view_of(a.getAgent().getId());
                       }
                   }
                   back(response::json(concat({"{\"items\":", dashboard_templates(agent), "}"})));
                 });
}

const std::vector<body_doc> dashboard_body_doc{{"application/json", "Dashboard", {}}};
const parameter_doc dashboard_id{"id", "path", docs::id, "The dashboard.", "\"sales\""};
const parameter_doc chart_id{"chart_id", "path", R"({"type":"string","minLength":1,"maxLength":64})",
                             "The chart.", "\"cost\""};
const parameter_doc if_match_doc{"If-Match", "header", docs::text,
                                 "Only if this is still its ETag; else 412.", "\"\\\"3\\\"\""};
constexpr std::string_view chart_example =
    R"({"type":"line","title":"Cost","cols":6,"rows":4,"source":{"view":"usage","measure":"cost_usd","group_by":"team","top":5}})";

using bind = std::function<handler(void (*)(api_context&, const request_ptr&, const responder&))>;

void add_reading(const bind& bound, std::vector<route>& to) {
  to.push_back({verb::get,
                "/api/v2/dashboards",
                permission::read,
                bound(list_dashboards),
                {"listDashboards",
                 "Dashboards",
                 "List dashboards",
                 "In the order of their ids, without their charts.",
                 {{"q", "query", docs::text, "Part of the title or the id, in any case.", "\"sal\""},
                  docs::limit,
                  docs::cursor,
                  docs::consistency},
                 {},
                 {{200, "A page of dashboards.", {{"application/json", "DashboardList", {}}}}}}});
  to.push_back(
      {verb::get,
       "/api/v2/dashboards/templates",
       permission::read,
       bound(list_templates),
       {"listDashboardTemplates",
        "Dashboards",
        "Templates",
        "Dashboards to begin with, each as it may be posted. Where a chart is of one agent, it is the one "
        "that was seen last.",
        {docs::consistency},
        {},
        {{200, "All templates.", {{"application/json", "DashboardTemplates", {}}}}}}});
  to.push_back({verb::get,
                "/api/v2/dashboards/{id}",
                permission::read,
                bound(get_dashboard),
                {"getDashboard",
                 "Dashboards",
                 "Get one dashboard",
                 "With its charts, and its ETag for If-Match.",
                 {dashboard_id, docs::consistency},
                 {},
                 {{200, "The dashboard.", dashboard_body_doc}}}});
}

void add_changing(const bind& bound, std::vector<route>& to) {
  to.push_back({verb::post,
                "/api/v2/dashboards",
                permission::admin,
                bound(create_dashboard),
                {"createDashboard",
                 "Dashboards",
                 "Make a dashboard",
                 "An organisation has at most 500. 409 when the id is taken.",
                 {docs::idempotency},
                 {{"application/json", "DashboardInput", R"({"title":"Sales","description":"What sells"})"}},
                 {{201, "The new dashboard.", dashboard_body_doc}}}});
  to.push_back(
      {verb::patch,
       "/api/v2/dashboards/{id}",
       permission::admin,
       bound(update_dashboard),
       {"updateDashboard",
        "Dashboards",
        "Change a dashboard",
        "Fields that are not sent stay. Charts that are sent replace the whole list; to change one of them, "
        "put it at its own path.",
        {dashboard_id, if_match_doc, docs::idempotency},
        {{"application/json", "DashboardChange", R"({"time_range":"7d"})"}},
        {{200, "The dashboard as it is now.", dashboard_body_doc}}}});
  to.push_back({verb::erase,
                "/api/v2/dashboards/{id}",
                permission::admin,
                bound(remove_dashboard),
                {"removeDashboard",
                 "Dashboards",
                 "Remove a dashboard",
                 "With its charts.",
                 {dashboard_id, if_match_doc, docs::idempotency},
                 {},
                 {{204, "It is removed.", {}}}}});
}

void add_charts(const bind& bound, std::vector<route>& to) {
  to.push_back(
      {verb::put,
       "/api/v2/dashboards/{id}/charts/{chart_id}",
       permission::admin,
       bound(set_chart),
       {"setDashboardChart",
        "Dashboards",
        "Set a chart",
        "Replaces it in its place, or adds it at the end. Other charts stay as they are, so that two who "
        "change two charts at once both keep their change.",
        {dashboard_id, chart_id, if_match_doc, docs::idempotency},
        {{"application/json", "ChartInput", chart_example}},
        {{200, "The dashboard as it is now.", dashboard_body_doc}}}});
  to.push_back({verb::erase,
                "/api/v2/dashboards/{id}/charts/{chart_id}",
                permission::admin,
                bound(remove_chart),
                {"removeDashboardChart",
                 "Dashboards",
                 "Remove a chart",
                 "The others stay.",
                 {dashboard_id, chart_id, if_match_doc, docs::idempotency},
                 {},
                 {{200, "The dashboard as it is now.", dashboard_body_doc}}}});
}

}  // namespace

void add_dashboard_routes(api_context& api, std::vector<route>& to) {
  bind bound = [&api](auto* f) -> handler {
    return [&api, f](const request_ptr& r, const responder& back) { f(api, r, back); };
  };
  add_reading(bound, to);
  add_changing(bound, to);
  add_charts(bound, to);
}

}  // namespace troupe::http
