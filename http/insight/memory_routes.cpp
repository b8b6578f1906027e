// Memory tiers: who was asked, who served, how fast, at what cost, and the way of a query from tier to tier.
#include <algorithm>

#include "http/insight/figures.hpp"
#include "http/insight/insight_routes.hpp"
#include "http/insight/latency_steps.hpp"
#include "http/insight/narrowing.hpp"
#include "http/server/text.hpp"

namespace troupe::http {

namespace {

using schema::CellField;
using schema::Cube;

// Sketches of every step cost more than they tell when there are many steps.
constexpr std::int64_t steps_with_percentiles_max = 200;

struct tier_answer {
  const cell_table& tiers;
  const cell_table& flow;

  std::int64_t count_of(std::string_view from, std::string_view to) const {
    std::int64_t n = 0;
    for (auto& g : flow.groups)
      if ((from.empty() || g.names[0] == from) && (to.empty() || g.names[1] == to)) n += g.total.count;
    return n;
  }
  std::int64_t queries() const { return count_of("query", {}); }
  std::int64_t misses() const { return count_of({}, "miss"); }
};

// In the order in which queries come to them: next is the tier that most come to from those that are placed.
std::vector<const cell_group*> in_order(const tier_answer& a) {
  std::vector<const cell_group*> open, placed;
  for (auto& g : a.tiers.groups) open.push_back(&g);
  std::vector<std::string_view> from = {"query"};
  while (!open.empty()) {
    auto inflow = [&](const cell_group* g) {
      std::int64_t n = 0;
      for (auto f : from) n += a.count_of(f, g->names[0]);
      return n;
    };
    auto next =
        std::max_element(open.begin(), open.end(), [&](auto* x, auto* y) { return inflow(x) < inflow(y); });
    from.push_back((*next)->names[0]);
    placed.push_back(*next);
    open.erase(next);
  }
  return placed;
}

void write_tier(const cell_group& g, const tier_answer& a,
                const std::map<std::int64_t, std::int64_t>& queries, object_writer& w) {
  const auto& t = g.total;
  w.text("tier", g.names[0]).number("asked", t.count).number("hits", t.hits);
  w.real("hit_share", ratio(static_cast<double>(t.hits), static_cast<double>(a.queries())));
  w.real("hit_rate", ratio(static_cast<double>(t.hits), static_cast<double>(t.count)));
  w.number("errors", t.errors).decimal("cost_usd", t.cost_nano_usd, 9);
  write_latency("latency_ms", t, w);
  write_list("latency_histogram", latency_steps(t), w, [](object_writer& s, const latency_step& step) {
    s.decimal("from_ms", step.from_us, 3).decimal("to_ms", step.to_us, 3).number("count", step.count);
  });
  write_list("series", g.steps, w, [&](object_writer& s, const auto& step) {
    const auto& r = step.second;
    auto asked = queries.find(step.first);
    auto all = asked == queries.end() ? 0 : asked->second;
    s.time("time", step.first).number("asked", r.count).number("hits", r.hits);
    s.real("hit_share", ratio(static_cast<double>(r.hits), static_cast<double>(all)));
    s.real("avg_ms", mean_ms(r));
    if (r.sketch.empty())
      s.raw("p95_ms", "null");
    else
      s.decimal("p95_ms", r.percentile_us(0.95), 3);
    s.decimal("cost_usd", r.cost_nano_usd, 9);
  });
}

// The names that seeds and scripts rely on.
void write_by_tier(const std::vector<const cell_group*>& tiers, const tier_answer& a, object_writer& w) {
  auto object = [&](std::string_view name, auto value) {
    object_writer o(w.name(name));
    for (auto* g : tiers) value(o, g->names[0], g->total);
    o.end();
  };
  auto escaped = [](const std::string& name) {
    std::string text;
    ingest::json::write_string(name, text);
    return text.substr(1, text.size() - 2);
  };
  object("tier_hit_rates", [&](object_writer& o, const std::string& name, const rollup& t) {
    o.real(escaped(name), ratio(static_cast<double>(t.hits), static_cast<double>(a.queries())));
  });
  object("average_latencies_ms", [&](object_writer& o, const std::string& name, const rollup& t) {
    o.real(escaped(name), mean_ms(t));
  });
  object("cost_by_tier", [&](object_writer& o, const std::string& name, const rollup& t) {
    o.decimal(escaped(name), t.cost_nano_usd, 9);
  });
}

void write_flow(const tier_answer& a, const std::string& tier, object_writer& w) {
  std::vector<const cell_group*> edges;
  for (auto& g : a.flow.groups)
    if (tier.empty() || g.names[0] == tier || g.names[1] == tier) edges.push_back(&g);
  write_list("flow", edges, w, [](object_writer& e, const cell_group* g) {
    e.text("from", g->names[0]).text("to", g->names[1]).number("count", g->total.count);
    e.real("avg_ms", mean_ms(g->total));
  });
}

void write_series(const tier_answer& a, object_writer& w) {
  struct counts {
    std::int64_t queries = 0, misses = 0;
  };
  std::map<std::int64_t, counts> steps;
  for (auto& g : a.flow.groups)
    for (auto& [time, r] : g.steps) {
      if (g.names[0] == "query") steps[time].queries += r.count;
      if (g.names[1] == "miss") steps[time].misses += r.count;
    }
  write_list("series", steps, w, [](object_writer& s, const auto& step) {
    s.time("time", step.first).number("queries", step.second.queries).number("misses", step.second.misses);
  });
}

void tier_stats(api_context& api, const request_ptr& r, const responder& back) {
  insight_parameters p(*r, {});
  if (auto refusal = p.refusal()) return back(std::move(*refusal));
  auto window = p.window();
  auto steps = (window.until_us - window.from_us) / window.step_us();
  cell_question tiers{.cube = Cube::TIER, .by = {CellField::TIER}, .window = window};
  narrow(tiers, p.names());
  tiers.order = schema::CellOrder::COUNT;
  tiers.sketches = percentiles::wanted;
  auto series = tiers;
  series.step = window.step;
  if (steps > steps_with_percentiles_max) series.sketches = percentiles::none;
  cell_question flow{.cube = Cube::FLOW, .by = {CellField::FROM, CellField::TO}, .window = window};
  // Of all tiers: what comes into one and leaves it, and how many queries there were.
  auto of_all = p.names();
  of_all.tier.clear();
  narrow(flow, of_all);
  flow.order = schema::CellOrder::COUNT;
  flow.step = window.step;
  ask_cells(api, r, back, {tiers, series, flow}, [=, tier = p.names().tier](cell_tables& t) {
    for (auto& g : t[0].groups)
      if (auto* with_steps = t[1].find(g.names)) g.steps = with_steps->steps;
    tier_answer a{t[0], t[2]};
    std::map<std::int64_t, std::int64_t> queries;
    for (auto& g : t[2].groups)
      if (g.names[0] == "query")
        for (auto& [time, sums] : g.steps) queries[time] += sums.count;
    auto order = in_order(a);
    std::string out;
    object_writer w(out);
    window.write(w);
    write_by_tier(order, a, w);
    w.number("queries", a.queries()).number("misses", a.misses());
    w.real("miss_rate", ratio(static_cast<double>(a.misses()), static_cast<double>(a.queries())));
    w.decimal("cost_usd", t[0].total().cost_nano_usd, 9);
    write_list("tiers", order, w,
               [&](object_writer& item, const cell_group* g) { write_tier(*g, a, queries, item); });
    write_flow(a, tier, w);
    write_series(a, w);
    w.flag("complete", all_complete(t));
    w.end();
    back(response::json(std::move(out)));
  });
}

}  // namespace

void add_memory_routes(api_context& api, std::vector<route>& to) {
  to.push_back(
      {verb::get,
       "/api/v2/memory/tier-stats",
       permission::read,
       [&api](const request_ptr& r, const responder& back) { tier_stats(api, r, back); },
       {"memoryTierStats",
        "Insight",
        "Memory tiers",
        "Hit rates (share of all queries that a tier served), latencies and cost by tier, and how "
        "queries go from "
        "tier to tier. With items_retrieved 0 nothing was found: the tier was asked, but the query "
        "is a miss. "
        "Percentiles are within 1/128 of their value. A histogram counts those that were timed, from "
        "from_ms on and below to_ms, in steps of 1-2-5 from the lowest that has any to the highest; what "
        "lies within 1/128 of a bound may count on its other side.",
        insight_docs({}),
        {},
        {{200, "The figures.", {{"application/json", "TierStats", {}}}}}}});
}

}  // namespace troupe::http
