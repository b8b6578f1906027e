// Token economics: what was spent, on what, and by whom.
#include <algorithm>
#include <cmath>

#include "http/insight/figures.hpp"
#include "http/insight/insight_routes.hpp"
#include "http/insight/narrowing.hpp"
#include "http/routes/common_docs.hpp"

namespace troupe::http {

namespace {

using schema::CellField;
using schema::CellOrder;
using schema::CellStep;
using schema::Cube;

constexpr std::uint32_t traces_sampled = 1'000;

// What reading from caches saved against the price of fresh input; nothing if no model has a price.
std::optional<double> saved_usd(const cell_table& by_model, const ingest::price_table& prices,
                                std::int64_t now) {
  double saved = 0;
  bool known = false;
  for (auto& g : by_model.groups) {
    auto* rule = prices.find(g.names[1], g.names[0], now);
    if (g.names[0].empty() || !rule || rule->none) continue;
    known = true;
    auto cheaper = static_cast<double>(rule->prices.input - rule->prices.cache_read) / 1e15;
    saved += static_cast<double>(g.total.tokens.cache_read) * cheaper;
  }
  if (!known) return {};
  return std::round(saved * 1e9) / 1e9;
}

// A user's query is a trace. Each has its cells, by agent.
void write_cost_per_query(const cell_table& traces, object_writer& to) {
  std::map<std::string_view, std::int64_t> costs;
  for (auto& g : traces.groups)
    if (g.total.hits > 0 || g.total.cost_nano_usd > 0) costs[g.names[0]] += g.total.cost_nano_usd;
  std::vector<std::int64_t> sorted;
  double sum = 0;
  for (auto& [trace, cost] : costs) {
    sorted.push_back(cost);
    sum += usd(cost);
  }
  std::sort(sorted.begin(), sorted.end());
  auto rank = [&](double q) -> std::optional<double> {
    if (sorted.empty()) return {};
    auto at = static_cast<std::size_t>(std::ceil(q * static_cast<double>(sorted.size())));
    return usd(sorted[std::max<std::size_t>(at, 1) - 1]);
  };
  object_writer w(to.name("cost_per_query"));
  w.number("queries", std::llround(static_cast<double>(sorted.size()) / traces.rate));
  w.real("avg_usd", ratio(sum, static_cast<double>(sorted.size())));
  w.real("p50_usd", rank(0.5)).real("p95_usd", rank(0.95)).real("max_usd", rank(1));
  write_sampled(traces.rate, w);
  w.end();
}

// Sessions and users are counted by the hour.
insight_window window_of(const insight_parameters& p) {
  const auto& names = p.names();
  return names.session.empty() && names.user.empty() ? p.window() : p.window().whole_hours();
}

void summary(api_context& api, const request_ptr& r, const responder& back) {
  insight_parameters p(*r, {});
  if (auto refusal = p.refusal()) return back(std::move(*refusal));
  const auto& names = p.names();
  auto window = window_of(p);
  auto series = usage_question(window, names, {});
  series.step = window.step;
  auto before = usage_question(window.before(), names, {});
  auto models = usage_question(window, names, {CellField::MODEL, CellField::PROVIDER});
  std::vector<cell_question> ask{series, before, models};
  cell_question traces{.cube = Cube::TRACE, .by = {}, .window = window};
  narrow(traces, names);
  traces.sample = traces_sampled;
  ask.push_back(std::move(traces));
  ask_cells(api, r, back, std::move(ask), [&api, back, window](cell_tables& t) {
    auto total = t[0].total();
    std::string out;
    object_writer w(out);
    window.write(w);
    write_usage_object("total", total, w);
    write_usage_object("previous", t[1].total(), w);
    object_writer cache(w.name("cache"));
    cache.real("read_share",
               ratio(static_cast<double>(total.tokens.cache_read), static_cast<double>(total.tokens.input)));
    cache.real("saved_usd", saved_usd(t[2], *api.prices, now_us()));
    cache.end();
    w.real("cost_per_call_usd", ratio(usd(total.cost_nano_usd), static_cast<double>(total.hits)));
    write_cost_per_query(t[3], w);
    write_usage_series(t[0].steps(), w);
    w.flag("complete", all_complete(t));
    w.end();
    back(response::json(std::move(out)));
  });
}

struct dimension {
  std::string_view name;
  CellField field;
  bool named_only;  // events that name none are no row
  bool by_hours = false;
};

constexpr dimension dimensions[] = {
    {"agent", CellField::AGENT, false},          {"team", CellField::TEAM, false},
    {"model", CellField::MODEL, true},           {"tool", CellField::TOOL, true},
    {"session", CellField::SESSION, true, true}, {"user", CellField::USER, true, true}};

CellOrder order_of(std::string_view name) {
  if (name == "tokens") return CellOrder::TOKENS;
  return name == "events" ? CellOrder::COUNT : CellOrder::COST;
}

void write_row(const std::string& key, const rollup& figures, const rollup& total, object_writer& w) {
  w.text("key", key);
  write_usage(figures, w);
  w.real("cost_share",
         ratio(static_cast<double>(figures.cost_nano_usd), static_cast<double>(total.cost_nano_usd)));
}

void write_other(const cell_table& t, object_writer& w) {
  if (t.other_keys == 0) {
    w.raw("other", "null");
    return;
  }
  object_writer other(w.name("other"));
  write_usage(t.other, other);
  other.number("keys", static_cast<std::int64_t>(t.other_keys));
  other.end();
}

void by_hour(api_context& api, const request_ptr& r, const responder& back, insight_parameters& p) {
  auto offset = p.offset_minutes();
  if (auto refusal = p.refusal()) return back(std::move(*refusal));
  auto window = window_of(p);
  auto q = usage_question(window, p.names(), {});
  q.step = CellStep::HOUR_OF_DAY;
  q.offset_minutes = offset;
  ask_cells(api, r, back, {q}, [window, back](cell_tables& t) {
    auto steps = t[0].steps();
    auto total = t[0].total();
    for (std::int64_t h = 0; h < 24; ++h) steps[h];
    std::string out;
    object_writer w(out);
    window.write(w);
    w.text("dimension", "hour");
    write_list("items", steps, w, [&](object_writer& row, const auto& step) {
      write_row(std::to_string(step.first), step.second, total, row);
    });
    w.raw("other", "null");
    write_usage_object("total", total, w);
    w.flag("exact_hours", !any_whole_hours(t)).flag("complete", all_complete(t));
    w.end();
    back(response::json(std::move(out)));
  });
}

std::int64_t amount(const rollup& r, CellOrder order) {
  if (order == CellOrder::TOKENS) return r.tokens.input + r.tokens.output;
  return order == CellOrder::COUNT ? r.count : r.cost_nano_usd;
}

struct sampled_dimension {
  std::string_view name;
  Cube cube;
  CellOrder order;
  std::size_t limit;
};

// Traces and sessions: the first of all, or of a sample when there are too many.
void by_sample(api_context& api, const request_ptr& r, const responder& back, insight_parameters& p,
               const sampled_dimension& d) {
  if (auto refusal = p.refusal()) return back(std::move(*refusal));
  auto window = p.window().whole_hours();
  cell_question ask{.cube = d.cube, .by = {}, .window = window};
  narrow(ask, p.names());
  ask.sample = traces_sampled;
  std::vector<cell_question> questions{ask, usage_question(window, p.names(), {})};
  ask_cells(api, r, back, std::move(questions), [=](cell_tables& t) {
    std::map<std::string, rollup> found;
    for (auto& g : t[0].groups)
      if (!g.names[0].empty()) found[g.names[0]].add(g.total);
    cell_table shown;
    for (auto& [id, figures] : found) shown.groups.push_back({{id}, figures, {}});
    std::stable_sort(shown.groups.begin(), shown.groups.end(),
                     [&](auto& a, auto& b) { return amount(a.total, d.order) > amount(b.total, d.order); });
    for (auto i = d.limit; i < shown.groups.size(); ++i)
      shown.other.add(shown.groups[i].total), ++shown.other_keys;
    if (shown.groups.size() > d.limit) shown.groups.resize(d.limit);
    auto total = t[1].total();
    std::string out;
    object_writer w(out);
    window.write(w);
    w.text("dimension", d.name);
    write_list("items", shown.groups, w,
               [&](object_writer& row, const cell_group& g) { write_row(g.names[0], g.total, total, row); });
    write_other(shown, w);
    write_usage_object("total", total, w);
    w.flag("complete", all_complete(t));
    write_sampled(t[0].rate, w);
    w.end();
    back(response::json(std::move(out)));
  });
}

void write_by(const cell_tables& t, const insight_window& window, const dimension& d, bool with_series,
              std::string& out) {
  auto& rows = t[0];
  auto total = t[1].total();
  object_writer w(out);
  window.write(w);
  w.text("dimension", d.name);
  write_list("items", rows.groups, w, [&](object_writer& row, const cell_group& g) {
    write_row(g.names[0], g.total, total, row);
    if (!with_series) return;
    static const std::map<std::int64_t, rollup> none;
    auto* steps = t[2].find(g.names);
    write_usage_series(steps ? steps->steps : none, row);
  });
  write_other(rows, w);
  write_usage_object("total", total, w);
  w.flag("complete", all_complete(t));
  w.end();
}

void tokens_by(api_context& api, const request_ptr& r, const responder& back) {
  insight_parameters p(*r, {"dimension", "order", "series", "limit", "utc_offset_minutes"});
  auto& q = p.fields();
  auto name = q.choice("dimension", {"agent", "team", "model", "tool", "session", "user", "query", "hour"});
  auto order = order_of(q.choice("order", {"cost", "tokens", "events"}));
  bool with_series = q.choice("series", {"false", "true"}) == "true";
  auto limit = q.limit();
  const auto& names = p.names();
  if (name == "query" && with_series) q.refuse("series", "is not kept by query");
  if (name == "hour") return by_hour(api, r, back, p);
  if (name == "query") return by_sample(api, r, back, p, {"query", Cube::TRACE, order, limit});
  if (name == "session" && !with_series)
    return by_sample(api, r, back, p, {"session", Cube::SESSION, order, limit});
  if (auto refusal = p.refusal()) return back(std::move(*refusal));
  const dimension* d = &dimensions[0];
  for (auto& each : dimensions) d = each.name == name ? &each : d;
  auto window = d->by_hours ? p.window().whole_hours() : window_of(p);
  auto ask = usage_question(window, names, {d->field});
  ask.order = order;
  // One more: the row of those that name none is taken out.
  ask.limit = limit + 1;
  std::vector<cell_question> questions{ask, usage_question(window, names, {})};
  if (with_series) {
    ask.step = window.step;
    questions.push_back(ask);
  }
  ask_cells(api, r, back, std::move(questions), [window, back, d, with_series, limit](cell_tables& t) {
    auto& rows = t[0].groups;
    if (d->named_only) std::erase_if(rows, [](const cell_group& g) { return g.names[0].empty(); });
    if (rows.size() > limit) {
      t[0].other.add(rows.back().total);
      ++t[0].other_keys;
      rows.pop_back();
    }
    std::string out;
    write_by(t, window, *d, with_series, out);
    back(response::json(std::move(out)));
  });
}

operation_doc summary_doc() {
  return {
      "tokensSummary",
      "Insight",
      "What was spent",
      "Tokens and cost of the window and of the one before it, what caches saved, and what a user's query (a "
      "trace) costs.",
      insight_docs({}),
      {},
      {{200, "The figures.", {{"application/json", "TokensSummary", {}}}}}};
}

operation_doc by_doc() {
  return {
      "tokensBy",
      "Insight",
      "What was spent, by whom or on what",
      "Rows by agent, team, model, tool, session, user, query (a trace) or hour of the day. Sessions, users "
      "and traces are "
      "counted by the hour: with them the window is widened to whole hours, as it is for 'session_id' and "
      "'user_id'; "
      "'window' says what "
      "was used. By query and by session there is 'sampled', and with a rate below 1 rows and 'other' are "
      "those of a sample "
      "of the traces.",
      insight_docs(
          {"limit", "utc_offset_minutes"},
          {{"dimension", "query",
            R"({"type":"string","enum":["agent","team","model","tool","session","user","query","hour"],"default":"agent"})",
            "What a row is.", "\"agent\""},
           {"order", "query", R"({"type":"string","enum":["cost","tokens","events"],"default":"cost"})",
            "Largest first."},
           {"series", "query", R"({"type":"boolean","default":false})", "Each row over time as well."}}),
      {},
      {{200, "The rows.", {{"application/json", "TokensBy", {}}}}}};
}

}  // namespace

void add_token_routes(api_context& api, std::vector<route>& to) {
  auto bound = [&api](auto f) {
    return [&api, f](const request_ptr& r, const responder& back) { f(api, r, back); };
  };
  to.push_back({verb::get, "/api/v2/tokens/summary", permission::read, bound(summary), summary_doc()});
  to.push_back({verb::get, "/api/v2/tokens/by", permission::read, bound(tokens_by), by_doc()});
}

}  // namespace troupe::http
