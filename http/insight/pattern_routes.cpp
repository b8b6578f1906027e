// Patterns: when things happen, what to cache, who belongs together, what is missing. Advice has its evidence.
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "http/insight/figures.hpp"
#include "http/insight/insight_routes.hpp"
#include "http/insight/narrowing.hpp"
#include "http/insight/together.hpp"
#include "http/server/text.hpp"

namespace troupe::http {

namespace {

using schema::CellField;
using schema::CellFigures;
using schema::CellOrder;
using schema::CellStep;
using schema::Cube;

constexpr std::size_t items_of_an_hour = 5, items_by_hour_max = 200;
constexpr std::size_t advised_items = 5, advised_queries = 5, advised_pairs = 5, advised_gaps = 3;
constexpr std::int64_t slow_min = 3, asked_min = 3, together_min = 3, missed_min = 2;
constexpr double together_from = 0.5;
constexpr std::uint32_t traces_sampled = 1'000;

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, value == std::floor(value) ? "%.0f" : "%.1f", value);
  return text;
}

enum table : std::size_t { usage, knowledge, memory, edges, items, served, tiers, searches, traces };

std::vector<cell_question> pattern_questions(const insight_parameters& p, int offset) {
  auto of_all_agents = p.names();
  of_all_agents.agent.clear();
  auto ask = [&](Cube cube, std::vector<CellField> by, CellStep step) {
    cell_question q{.cube = cube, .by = std::move(by), .window = p.window()};
    // A pair is seen only where all agents of a trace are.
    narrow(q, cube == Cube::TRACE ? of_all_agents : p.names());
    q.step = step;
    q.order = CellOrder::COUNT;
    q.offset_minutes = offset;
    return q;
  };
  auto of_day = CellStep::HOUR_OF_DAY, none = CellStep::NONE;
  auto events = usage_question(p.window(), p.names(), {});
  events.step = of_day;
  events.offset_minutes = offset;
  std::vector<cell_question> q{events,
                               ask(Cube::KNOWLEDGE, {}, of_day),
                               ask(Cube::FLOW, {}, of_day),
                               ask(Cube::EDGE, {}, of_day),
                               ask(Cube::KNOWLEDGE, {CellField::ITEM}, none),
                               ask(Cube::KNOWLEDGE, {CellField::ITEM, CellField::TIER}, none),
                               ask(Cube::TIER, {CellField::TIER}, none),
                               ask(Cube::SEARCH, {CellField::TEXT}, none),
                               ask(Cube::TRACE, {}, none)};
  q[memory].where.emplace_back(CellField::FROM, "query");
  for (auto counted : {knowledge, memory, edges, items, traces}) q[counted].figures = CellFigures::COUNT;
  q[items].limit = items_by_hour_max;
  q[served].limit = 5'000;
  q[searches].limit = 5'000;
  q[traces].sample = traces_sampled;
  return q;
}

// Of the items that are used most.
cell_question items_by_hour(const cell_question& most_used, const cell_table& best, int offset) {
  auto q = most_used;
  for (auto& g : best.groups) q.where.emplace_back(CellField::ITEM, g.names[0]);
  q.step = CellStep::HOUR_OF_DAY;
  q.offset_minutes = offset;
  return q;
}

void write_hours(const cell_tables& t, object_writer& w) {
  std::map<std::int64_t, rollup> of[4] = {t[usage].steps(), t[knowledge].steps(), t[memory].steps(),
                                          t[edges].steps()};
  std::vector<std::int64_t> hours;
  for (std::int64_t h = 0; h < 24; ++h) hours.push_back(h);
  write_list("hours", hours, w, [&](object_writer& o, std::int64_t h) {
    auto& u = of[0][h];
    o.number("hour", h).number("events", u.count).number("calls", u.hits);
    o.decimal("cost_usd", u.cost_nano_usd, 9).number("knowledge", of[1][h].count);
    o.number("memory", of[2][h].count).number("collaborations", of[3][h].count);
  });
  auto peak = std::max_element(hours.begin(), hours.end(),
                               [&](auto a, auto b) { return of[0][a].count < of[0][b].count; });
  auto total = static_cast<double>(t[usage].total().count);
  if (total == 0) {
    w.raw("peak", "null");
    return;
  }
  object_writer o(w.name("peak"));
  o.number("hour", *peak).real("factor", ratio(24 * static_cast<double>(of[0][*peak].count), total));
  o.end();
}

void write_items_by_hour(const cell_table& by_hour, object_writer& w) {
  using row = std::pair<std::string, std::int64_t>;
  std::map<std::int64_t, std::vector<row>> hours;
  for (auto& g : by_hour.groups)
    for (auto& [hour, r] : g.steps) hours[hour].emplace_back(g.names[0], r.count);
  for (auto& [hour, list] : hours) {
    std::stable_sort(list.begin(), list.end(), [](auto& a, auto& b) { return a.second > b.second; });
    if (list.size() > items_of_an_hour) list.resize(items_of_an_hour);
  }
  write_list("items_by_hour", hours, w, [](object_writer& o, const auto& h) {
    o.number("hour", h.first);
    write_list("items", h.second, o, [](object_writer& i, const row& item) {
      i.text("id", item.first).number("accesses", item.second);
    });
  });
}

// --- advice

struct slow_item {
  std::string id;
  std::int64_t accesses = 0, slow = 0;
  double slow_ms = 0;  // in all
  double saving_ms(double fast_ms) const { return slow_ms - static_cast<double>(slow) * fast_ms; }
};

const cell_group* fastest(const cell_table& by_tier) {
  const cell_group* best = nullptr;
  for (auto& g : by_tier.groups) {
    if (g.total.hits == 0 || g.total.timed == 0) continue;
    if (!best || *mean_ms(g.total) < *mean_ms(best->total)) best = &g;
  }
  return best;
}

void advise_cache(const cell_tables& t, std::vector<std::string>& advice) {
  auto* fast = fastest(t[tiers]);
  if (!fast) return;
  auto fast_ms = *mean_ms(fast->total);
  std::map<std::string, slow_item> found;
  for (auto& g : t[served].groups) {
    auto& item = found[g.names[0]];
    item.id = g.names[0];
    item.accesses += g.total.count;
    if (g.names[1].empty() || g.names[1] == fast->names[0] || g.total.timed == 0) continue;
    item.slow += g.total.timed;
    item.slow_ms += static_cast<double>(g.total.duration_sum_us) / 1000;
  }
  std::vector<slow_item> ranked;
  for (auto& [id, item] : found)
    if (item.slow >= slow_min && item.saving_ms(fast_ms) > 0) ranked.push_back(item);
  std::stable_sort(ranked.begin(), ranked.end(),
                   [&](auto& a, auto& b) { return a.saving_ms(fast_ms) > b.saving_ms(fast_ms); });
  if (ranked.size() > advised_items) ranked.resize(advised_items);
  if (ranked.empty()) return;
  std::int64_t slow = 0;
  double slow_ms = 0, saving = 0;
  std::vector<std::string> ids;
  for (auto& i : ranked)
    slow += i.slow, slow_ms += i.slow_ms, saving += i.saving_ms(fast_ms), ids.push_back(i.id);
  std::string out;
  object_writer w(out);
  w.text("kind", "cache_items").texts("items", ids).text("tier", fast->names[0]);
  w.text("title",
         concat({"Cache these ", std::to_string(ids.size()), " knowledge items in ", fast->names[0]}));
  w.text("arithmetic",
         concat({std::to_string(slow), " accesses took ", number(slow_ms / static_cast<double>(slow)),
                 " ms on average elsewhere against ", number(fast_ms), " ms in ", fast->names[0], ": ",
                 std::to_string(slow), " x ", number(slow_ms / static_cast<double>(slow) - fast_ms),
                 " ms = ", number(saving), " ms"}));
  w.real("saving_ms", ratio(saving, 1)).number("slow", slow);
  w.real("slow_avg_ms", ratio(slow_ms, static_cast<double>(slow))).real("fast_avg_ms", ratio(fast_ms, 1));
  write_list("evidence", ranked, w, [&](object_writer& o, const slow_item& i) {
    o.text("id", i.id).number("accesses", i.accesses).number("slow", i.slow);
    o.real("avg_ms", ratio(i.slow_ms, static_cast<double>(i.slow))).real("fast_ms", ratio(fast_ms, 1));
  });
  w.end();
  advice.push_back(std::move(out));
}

void advise_queries(const cell_table& texts, std::vector<std::string>& advice) {
  std::vector<std::pair<double, const cell_group*>> repeated;
  for (auto& g : texts.groups)
    if (g.total.hits >= asked_min)
      repeated.emplace_back(static_cast<double>(g.total.hits - 1) * mean_ms(g.total).value_or(0), &g);
  std::stable_sort(repeated.begin(), repeated.end(), [](auto& a, auto& b) {
    return std::pair{a.first, a.second->total.hits} > std::pair{b.first, b.second->total.hits};
  });
  if (repeated.size() > advised_queries) repeated.resize(advised_queries);
  for (auto& [saving, g] : repeated) {
    std::string out;
    object_writer w(out);
    auto again = std::to_string(g->total.hits - 1);
    auto ms = mean_ms(g->total);
    w.text("kind", "precompute_query")
        .text("query", g->names[0])
        .text("title", "Keep the answer to this query");
    w.text("arithmetic",
           ms ? concat({"asked ", again, " times again x ", number(*ms), " ms = ", number(saving), " ms"})
              : concat({"asked ", again, " times again"}));
    w.real("saving_ms", ms ? ratio(saving, 1) : std::nullopt);
    std::vector<const cell_group*> one{g};
    write_list("evidence", one, w, [&](object_writer& o, const cell_group* e) {
      o.number("asked", e->total.count)
          .number("with_result", e->total.hits)
          .real("avg_ms", mean_ms(e->total));
    });
    w.end();
    advice.push_back(std::move(out));
  }
}

void advise_gaps(const cell_table& texts, std::vector<std::string>& advice) {
  std::vector<const cell_group*> missed;
  auto misses = [](const cell_group* g) { return g->total.count - g->total.hits; };
  for (auto& g : texts.groups)
    if (misses(&g) >= missed_min) missed.push_back(&g);
  std::stable_sort(missed.begin(), missed.end(), [&](auto* a, auto* b) { return misses(a) > misses(b); });
  if (missed.size() > advised_gaps) missed.resize(advised_gaps);
  for (auto* g : missed) {
    std::string out;
    object_writer w(out);
    w.text("kind", "fill_gap").text("query", g->names[0]).text("title", "Add knowledge for this query");
    w.text("arithmetic", concat({std::to_string(misses(g)), " of ", std::to_string(g->total.count),
                                 " times it was asked nothing was found"}));
    std::vector<const cell_group*> one{g};
    write_list("evidence", one, w, [&](object_writer& o, const cell_group* e) {
      o.number("asked", e->total.count).number("without_result", misses(e));
      o.time("last_at", e->total.extent.last_us);
    });
    w.end();
    advice.push_back(std::move(out));
  }
}

void advise_pairs(const cell_table& sample, const std::string& agent, std::vector<std::string>& advice) {
  std::map<std::string, std::int64_t> alone;
  std::map<std::pair<std::string, std::string>, std::int64_t> pairs;
  for (auto& [trace, parts] : parts_by_trace(sample))
    for (std::size_t a = 0; a < parts.size(); ++a) {
      ++alone[parts[a].agent];
      for (std::size_t b = a + 1; b < parts.size(); ++b) ++pairs[std::minmax(parts[a].agent, parts[b].agent)];
    }
  struct candidate {
    std::string a, b;
    std::int64_t shared, of;
    double share() const { return static_cast<double>(shared) / static_cast<double>(of); }
  };
  std::vector<candidate> ranked;
  for (auto& [who, n] : pairs) {
    candidate c{who.first, who.second, n, std::min(alone[who.first], alone[who.second])};
    bool asked = agent.empty() || c.a == agent || c.b == agent;
    if (asked && n >= together_min && c.share() >= together_from) ranked.push_back(c);
  }
  std::stable_sort(ranked.begin(), ranked.end(), [](auto& x, auto& y) {
    return std::pair{x.share(), x.shared} > std::pair{y.share(), y.shared};
  });
  if (ranked.size() > advised_pairs) ranked.resize(advised_pairs);
  for (auto& c : ranked) {
    std::string out;
    object_writer w(out);
    std::vector<std::string> both{c.a, c.b};
    w.text("kind", "pair").texts("items", both);
    w.text("title",
           concat({c.a, " and ", c.b, " work together ", number(100 * c.share()), " % of the time"}));
    w.text("arithmetic", concat({std::to_string(c.shared), " of ", std::to_string(c.of),
                                 " traces of the one that has fewer have both"}));
    std::vector<candidate> one{c};
    write_list("evidence", one, w, [&](object_writer& o, const candidate& e) {
      o.number("shared_traces", e.shared).number("traces_a", alone[e.a]).number("traces_b", alone[e.b]);
      o.real("together_share", ratio(static_cast<double>(e.shared), static_cast<double>(e.of)));
      o.real("sampled_rate", sample.rate);
    });
    w.end();
    advice.push_back(std::move(out));
  }
}

response patterns_answer(const insight_window& window, const cell_tables& t, const std::string& agent,
                         const cell_tables& by_hour) {
  std::vector<std::string> advice;
  advise_cache(t, advice);
  advise_queries(t[searches], advice);
  advise_pairs(t[traces], agent, advice);
  advise_gaps(t[searches], advice);
  std::string out;
  object_writer w(out);
  window.write(w);
  write_hours(t, w);
  write_items_by_hour(by_hour.empty() ? cell_table() : by_hour[0], w);
  auto& list = w.name("advice");
  list += '[';
  for (auto& a : advice) {
    if (&a != &advice.front()) list += ',';
    list += a;
  }
  list += ']';
  w.flag("exact_hours", !any_whole_hours(t) && !any_whole_hours(by_hour));
  w.flag("complete", all_complete(t) && all_complete(by_hour));
  write_sampled(t[traces].rate, w);
  w.end();
  return response::json(std::move(out));
}

void patterns(api_context& api, const request_ptr& r, const responder& back) {
  insight_parameters p(*r, {"utc_offset_minutes"});
  auto offset = p.offset_minutes();
  if (auto refusal = p.refusal()) return back(std::move(*refusal));
  auto questions = pattern_questions(p, offset);
  ask_cells(api, r, back, questions, [=, &api, window = p.window(), agent = p.names().agent](cell_tables& t) {
    if (t[items].groups.empty()) return back(patterns_answer(window, t, agent, {}));
    auto by_hour = items_by_hour(questions[items], t[items], offset);
    ask_cells(api, r, back, {by_hour},
              [=, t = std::move(t)](cell_tables& hours) { back(patterns_answer(window, t, agent, hours)); });
  });
}

}  // namespace

void add_pattern_routes(api_context& api, std::vector<route>& to) {
  to.push_back({verb::get,
                "/api/v2/patterns",
                permission::read,
                [&api](const request_ptr& r, const responder& back) { patterns(api, r, back); },
                {"patterns",
                 "Insight",
                 "Patterns and advice",
                 "By hour of the day, and what to cache, to keep, to add, and who belongs together. Each "
                 "advice has its "
                 "arithmetic and its evidence.",
                 insight_docs({"utc_offset_minutes"}),
                 {},
                 {{200, "The patterns.", {{"application/json", "Patterns", {}}}}}}});
}

}  // namespace troupe::http
