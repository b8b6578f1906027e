// What will be spent, and limits on it that warn.
#include <algorithm>
#include <cmath>

#include "http/insight/figures.hpp"
#include "http/insight/insight_routes.hpp"
#include "http/insight/limit_state.hpp"
#include "http/routes/common_docs.hpp"
#include "http/server/text.hpp"
#include "protocol/placement.hpp"

namespace troupe::http {

namespace {

constexpr std::int64_t tokens_max = 1'000'000'000'000'000;
constexpr double usd_max = 1e9;

struct both_projections {
  projection usd, tokens;
};

void write_span(std::string_view name, const both_projections& p, const period& span, const rollup& spent,
                object_writer& to) {
  object_writer w(to.name(name));
  w.time("from", span.from_us).time("to", span.until_us);
  auto write = [&](const projection& by, spent_in unit, std::string_view suffix) {
    auto used = amount(spent, unit);
    auto f = by.until(span.until_hour(), used);
    w.real(concat({"spent_", suffix}), ratio(used, 1));
    w.real(concat({"expected_", suffix}), ratio(f.expected, 1));
    w.real(concat({"low_", suffix}), ratio(f.low, 1)).real(concat({"high_", suffix}), ratio(f.high, 1));
  };
  write(p.usd, spent_in::usd, "usd");
  write(p.tokens, spent_in::tokens, "tokens");
  w.end();
}

void write_next_hour(const both_projections& p, std::int64_t hour, object_writer& to) {
  object_writer w(to.name("next_hour"));
  w.time("from", hour * insight_hour_us).time("to", (hour + 1) * insight_hour_us);
  auto write = [&](const projection& by, std::string_view suffix) {
    auto f = by.of_hour(hour);
    w.number(concat({"spent_", suffix}), 0).real(concat({"expected_", suffix}), ratio(f.expected, 1));
    w.real(concat({"low_", suffix}), ratio(f.low, 1)).real(concat({"high_", suffix}), ratio(f.high, 1));
  };
  write(p.usd, "usd");
  write(p.tokens, "tokens");
  w.end();
}

void project(api_context& api, const request_ptr& r, const responder& back) {
  query_fields q(*r, {"agent_id", "team", "model", "provider", "tool"});
  insight_names names;
  names.agent = q.text("agent_id");
  names.team = q.text("team");
  names.model = q.text("model");
  names.provider = q.text("provider");
  names.tool = q.text("tool");
  if (auto refusal = q.refusal()) return back(std::move(*refusal));
  auto now = now_us();
  auto day = period_of(schema::LimitPeriod::DAY, now), month = period_of(schema::LimitPeriod::MONTH, now);
  ask_cells(
      api, r, back,
      {history_question(names, now), period_question(names, day, now), period_question(names, month, now)},
      [=](cell_tables& t) {
        both_projections p{projection(history_of(t[0], now, spent_in::usd)),
                           projection(history_of(t[0], now, spent_in::tokens))};
        auto method = std::max(p.usd.method(), p.tokens.method());
        auto next = now / insight_hour_us + 1;
        std::string out;
        object_writer w(out);
        w.time("as_of", now).text("method", to_string(method)).real("interval", 0.8);
        w.real("history_days", std::max(p.usd.history_days(), p.tokens.history_days()));
        write_next_hour(p, next, w);
        write_span("day", p, day, t[1].total(), w);
        write_span("month", p, month, t[2].total(), w);
        std::vector<std::int64_t> hours;
        for (auto h = next; h < next + 24; ++h) hours.push_back(h);
        write_list("hours", hours, w, [&](object_writer& item, std::int64_t h) {
          auto f = p.usd.of_hour(h);
          item.time("time", h * insight_hour_us).real("expected_usd", ratio(f.expected, 1));
          item.real("low_usd", ratio(f.low, 1)).real("high_usd", ratio(f.high, 1));
        });
        w.text("formula", formula_of(method)).flag("complete", all_complete(t));
        w.end();
        back(response::json(std::move(out)));
      });
}

void list_limits(api_context& api, const request_ptr& r, const responder& back) {
  query_fields q(*r, {});
  if (auto refusal = q.refusal()) return back(std::move(*refusal));
  auto now = now_us();
  ask_limits(api.actors, back.home(), {r->who.org, consistency_of(*r)}, now,
             [back, now](const result<std::vector<limit_standing>>& all) {
               if (!all) return back(to_response(all.error()));
               std::string out;
               object_writer w(out);
               w.time("as_of", now);
               auto& list = w.name("items");
               list += '[';
               for (auto& s : *all) {
                 if (&s != &all->front()) list += ',';
                 write_limit_json(s, list);
               }
               list += ']';
               w.end();
               back(response::json(std::move(out)));
             });
}

void put_limit(api_context& api, const request_ptr& r, const responder& back) {
  body_fields f(*r);
  command_builder command(*r);
  auto to = command.body().initSetTokenLimit();
  const auto& id = r->captures.at(0);
  to.setId(id);
  auto scope = f.text("scope", 16, body_fields::need::required).value_or("");
  auto key = f.text("key", limits::id_bytes_max).value_or("");
  auto length = f.text("period", 16, body_fields::need::required).value_or("");
  auto cost = f.real("cost_usd", 1e-9, usd_max);
  auto tokens = f.integer("tokens", 1, tokens_max);
  auto warn_at = f.real("warn_at", 0.01, 1).value_or(0.8);
  if (scope == "agent" || scope == "team")
    to.setScope(scope == "team" ? schema::LimitScope::TEAM : schema::LimitScope::AGENT);
  else if (!scope.empty() && scope != "org")
    f.refuse("scope", "is one of 'org', 'team' and 'agent'");
  if (length == "hour" || length == "day" || length == "month")
    to.setPeriod(length == "hour"  ? schema::LimitPeriod::HOUR
                 : length == "day" ? schema::LimitPeriod::DAY
                                   : schema::LimitPeriod::MONTH);
  else if (!length.empty())
    f.refuse("period", "is one of 'hour', 'day' and 'month'");
  if ((scope == "org") == !key.empty()) f.refuse("key", "names the team or the agent, and nothing for 'org'");
  if (cost.has_value() == tokens.has_value()) f.refuse("cost_usd", "or tokens: give one of them");
  if (auto refusal = f.refusal()) return back(std::move(*refusal));
  to.setKey(key);
  to.setCostNanoUsd(std::llround(cost.value_or(0) * 1e9));
  to.setTokens(tokens.value_or(0));
  to.setWarnAtPermille(static_cast<std::uint16_t>(std::lround(warn_at * 1000)));
  api.actors.command(system_shard, command.bytes(), [&api, r, back](result<std::string> got) {
    back.home().post([&api, r, back, got = std::move(got)] {
      if (!got) return back(to_response(got.error()));
      guarded(back, [&] {
        message_reader reader(*got);
        auto reply = reader.root<schema::Reply>();
        if (reply.isRefused()) return back(to_response(failure_of(reply.getRefused())));
        auto limit = token_limit::of(reply.getTokenLimit());
        auto now = now_us();
        ask_cells(api, r, back,
                  {history_question(limit.names(), now),
                   period_question(limit.names(), period_of(limit.period, now), now)},
                  [back, limit, now](cell_tables& t) {
                    std::string out;
                    write_limit_json(standing_of(limit, t[0], t[1], now), out);
                    back(response::json(std::move(out)));
                  });
      });
    });
  });
}

void remove_limit(api_context& api, const request_ptr& r, const responder& back) {
  command_builder command(*r);
  command.body().setRemoveTokenLimit(r->captures.at(0));
  run_command(api, back, system_shard, command.bytes(),
              [](schema::Reply::Reader) { return response::empty(204); });
}

const parameter_doc limit_id{"id", "path", docs::id, "Your name for it."};

}  // namespace

void add_limit_routes(api_context& api, std::vector<route>& to) {
  auto bound = [&api](auto f) {
    return [&api, f](const request_ptr& r, const responder& back) { f(api, r, back); };
  };
  to.push_back({verb::get,
                "/api/v2/tokens/projection",
                permission::read,
                bound(project),
                {"tokensProjection",
                 "Insight",
                 "What will be spent",
                 "The next hour, this day and this month (UTC) with an interval of 80 %. 'formula' says how.",
                 {{"agent_id", "query", docs::text, "Only of this agent."},
                  {"team", "query", docs::text, "Only of this team."},
                  {"model", "query", docs::text, "Only of this model."},
                  {"provider", "query", docs::text, "Only of this provider of models."},
                  {"tool", "query", docs::text, "Only of this tool."},
                  docs::consistency},
                 {},
                 {{200, "The projection.", {{"application/json", "TokensProjection", {}}}}}}});
  to.push_back({verb::get,
                "/api/v2/tokens/limits",
                permission::read,
                bound(list_limits),
                {"listTokenLimits",
                 "Insight",
                 "Limits and how they stand",
                 "A limit warns; it refuses nothing.",
                 {docs::consistency},
                 {},
                 {{200, "All limits.", {{"application/json", "TokenLimitList", {}}}}}}});
  to.push_back({verb::put,
                "/api/v2/tokens/limits/{id}",
                permission::admin,
                bound(put_limit),
                {"setTokenLimit",
                 "Insight",
                 "Set a limit",
                 "Makes it or replaces it. At most 256 in an organisation.",
                 {limit_id},
                 {{"application/json", "TokenLimitInput",
                   R"({"scope":"team","key":"research","period":"month","cost_usd":500,"warn_at":0.8})"}},
                 {{200, "The limit.", {{"application/json", "TokenLimit", {}}}}}}});
  to.push_back({verb::erase,
                "/api/v2/tokens/limits/{id}",
                permission::admin,
                bound(remove_limit),
                {"removeTokenLimit",
                 "Insight",
                 "Remove a limit",
                 "By its id.",
                 {limit_id},
                 {},
                 {{204, "It is removed.", {}}}}});
}

}  // namespace troupe::http
