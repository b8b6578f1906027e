// Collaboration: who works with whom, how often, and how it ends.
#include <algorithm>
#include <cmath>
#include <set>

#include "http/insight/figures.hpp"
#include "http/insight/insight_routes.hpp"
#include "http/insight/narrowing.hpp"
#include "http/insight/together.hpp"

namespace troupe::http {

namespace {

using schema::CellField;
using schema::CellOrder;
using schema::Cube;

constexpr std::size_t edges_max = 3'000;
constexpr std::uint32_t traces_sampled = 1'000;

struct edge {
  std::string from, to;
  std::string_view kind;
  std::int64_t count = 0, errors = 0;
  rollup figures;
};

// An agent is looked for in what comes back: its edges are also those of the others to it.
insight_names of_all_agents(const insight_parameters& p) {
  auto names = p.names();
  names.agent.clear();
  return names;
}

// Edges that events name. All shards: an agent's edges to it lie with the others.
cell_question edge_question(const insight_parameters& p) {
  cell_question q{.cube = Cube::EDGE, .by = {CellField::FROM, CellField::TO}, .window = p.window()};
  narrow(q, of_all_agents(p));
  q.order = CellOrder::COUNT;
  q.limit = 5'000;
  return q;
}

// Traces of all agents, so that both sides of a pair are there.
cell_question trace_question(const insight_parameters& p) {
  cell_question q{.cube = Cube::TRACE, .by = {}, .window = p.window()};
  narrow(q, of_all_agents(p));
  q.sample = traces_sampled;
  return q;
}

using pair_name = std::pair<std::string, std::string>;

// From whose first work in the trace began earlier. An error is a trace in which one of the two failed.
std::map<pair_name, edge> trace_edges(const std::map<std::string, std::vector<trace_part>>& traces) {
  std::map<pair_name, edge> out;
  for (auto& [trace, parts] : traces)
    for (std::size_t a = 0; a < parts.size(); ++a)
      for (std::size_t b = a + 1; b < parts.size(); ++b) {
        auto& e = out[{parts[a].agent, parts[b].agent}];
        ++e.count;
        e.errors += parts[a].figures.errors + parts[b].figures.errors > 0 ? 1 : 0;
        e.figures.extent.add_span(parts[a].figures.extent.first_us, parts[a].figures.extent.last_us);
        e.figures.extent.add_span(parts[b].figures.extent.first_us, parts[b].figures.extent.last_us);
        e.figures.add_cost(parts[a].figures.cost_nano_usd + parts[b].figures.cost_nano_usd);
      }
  return out;
}

std::vector<edge> edges_of(const cell_table& named, const cell_table& traces, const std::string& agent) {
  std::vector<edge> edges;
  for (auto& g : named.groups)
    edges.push_back({g.names[0], g.names[1], "explicit", g.total.count, g.total.errors, g.total});
  auto scaled = [&](std::int64_t n) { return std::llround(static_cast<double>(n) / traces.rate); };
  for (auto& [pair, e] : trace_edges(parts_by_trace(traces)))
    edges.push_back({pair.first, pair.second, "trace", scaled(e.count), scaled(e.errors), e.figures});
  if (!agent.empty()) std::erase_if(edges, [&](const edge& e) { return e.from != agent && e.to != agent; });
  std::stable_sort(edges.begin(), edges.end(), [](auto& a, auto& b) { return a.count > b.count; });
  return edges;
}

void write_edge(object_writer& w, const edge& e) {
  w.text("from", e.from).text("to", e.to).text("kind", e.kind);
  w.number("count", e.count).number("errors", e.errors);
  w.real("success_rate", ratio(static_cast<double>(e.count - e.errors), static_cast<double>(e.count)));
  w.real("avg_ms", e.kind == "explicit" ? mean_ms(e.figures) : std::nullopt);
  w.time("first_at", e.figures.extent.first_us).time("last_at", e.figures.extent.last_us);
}

void graph(api_context& api, const request_ptr& r, const responder& back) {
  insight_parameters p(*r, {"limit"});
  auto limit = p.fields().limit(300);
  if (auto refusal = p.refusal()) return back(std::move(*refusal));
  auto agents = usage_question(p.window(), of_all_agents(p), {CellField::AGENT, CellField::TEAM});
  agents.order = CellOrder::COUNT;
  agents.limit = 5'000;
  auto done = [=, window = p.window(), agent = p.names().agent](cell_tables& t) {
    auto edges = edges_of(t[0], t[1], agent);
    struct node {
      std::string id, team;
      std::int64_t events = 0, errors = 0, collaborations = 0;
    };
    std::map<std::string, node> nodes;
    for (auto& g : t[2].groups) {
      if (!agent.empty() && g.names[0] != agent) continue;
      auto& n = nodes[g.names[0]];
      n.id = g.names[0];
      if (n.team.empty()) n.team = g.names[1];
      n.events += g.total.count, n.errors += g.total.errors;
    }
    for (auto& e : edges)
      for (auto* id : {&e.from, &e.to}) {
        auto& n = nodes[*id];
        n.id = *id;
        n.collaborations += e.count;
      }
    std::vector<node> ranked;
    for (auto& [id, n] : nodes) ranked.push_back(std::move(n));
    std::stable_sort(ranked.begin(), ranked.end(), [](auto& a, auto& b) {
      return std::pair{a.collaborations, a.events} > std::pair{b.collaborations, b.events};
    });
    bool truncated = ranked.size() > limit || edges.size() > edges_max;
    if (ranked.size() > limit) ranked.resize(limit);
    std::set<std::string> shown;
    for (auto& n : ranked) shown.insert(n.id);
    std::erase_if(edges, [&](auto& e) { return !shown.contains(e.from) || !shown.contains(e.to); });
    if (edges.size() > edges_max) edges.resize(edges_max);
    std::string out;
    object_writer w(out);
    window.write(w);
    write_list("nodes", ranked, w, [](object_writer& o, const node& n) {
      o.text("id", n.id).text_or_null("team", n.team).number("events", n.events).number("errors", n.errors);
      o.number("collaborations", n.collaborations);
    });
    write_list("edges", edges, w, write_edge);
    w.flag("truncated", truncated).flag("complete", all_complete(t));
    write_sampled(t[1].rate, w);
    w.end();
    back(response::json(std::move(out)));
  };
  ask_cells(api, r, back, {edge_question(p), trace_question(p), agents}, done);
}

// --- pairs

// The lower end of the 95 % interval of a share: few trials do not rank above many.
// E. B. Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", JASA 22, 1927.
double wilson_lower(std::int64_t good, std::int64_t all) {
  if (all == 0) return 0;
  constexpr double z = 1.959963984540054;
  auto n = static_cast<double>(all), p = static_cast<double>(good) / n;
  auto middle = p + z * z / (2 * n), margin = z * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n));
  return std::max(0.0, (middle - margin) / (1 + z * z / n));
}

struct pair_figures {
  pair_name who;
  std::int64_t named = 0, shared = 0, errors = 0, traces_a = 0, traces_b = 0;
  rollup durations;
  double cost_usd = 0;  // of the shared traces that were looked at
  std::int64_t looked_at = 0;

  std::int64_t together() const { return named + shared; }
  double score() const { return wilson_lower(together() - errors, together()); }
};

std::vector<pair_figures> pairs_of(const cell_table& named, const cell_table& sample) {
  auto traces = parts_by_trace(sample);
  auto scaled = [&](std::int64_t n) { return std::llround(static_cast<double>(n) / sample.rate); };
  auto unordered = [](std::string a, std::string b) {
    return a < b ? pair_name{std::move(a), std::move(b)} : pair_name{std::move(b), std::move(a)};
  };
  std::map<std::string, std::int64_t> traces_of;
  for (auto& [trace, parts] : traces)
    for (auto& part : parts) ++traces_of[part.agent];
  std::map<pair_name, pair_figures> pairs;
  for (auto& [pair, e] : trace_edges(traces)) {
    auto& to = pairs[unordered(pair.first, pair.second)];
    to.shared += scaled(e.count), to.errors += scaled(e.errors);
    to.looked_at += e.count, to.cost_usd += usd(e.figures.cost_nano_usd);
  }
  for (auto& g : named.groups) {
    auto& to = pairs[unordered(g.names[0], g.names[1])];
    to.named += g.total.count, to.errors += g.total.errors;
    to.durations.add(g.total);
  }
  std::vector<pair_figures> out;
  for (auto& [who, f] : pairs) {
    f.who = who;
    f.traces_a = scaled(traces_of[who.first]), f.traces_b = scaled(traces_of[who.second]);
    out.push_back(std::move(f));
  }
  std::stable_sort(out.begin(), out.end(), [](auto& a, auto& b) { return a.score() > b.score(); });
  return out;
}

void pairs(api_context& api, const request_ptr& r, const responder& back) {
  insight_parameters p(*r, {"limit"});
  auto limit = p.fields().limit();
  if (auto refusal = p.refusal()) return back(std::move(*refusal));
  auto done = [=, window = p.window(), agent = p.names().agent](cell_tables& t) {
    auto all = pairs_of(t[0], t[1]);
    if (!agent.empty())
      std::erase_if(all, [&](auto& f) { return f.who.first != agent && f.who.second != agent; });
    if (all.size() > limit) all.resize(limit);
    std::string out;
    object_writer w(out);
    window.write(w);
    write_list("items", all, w, [](object_writer& o, const pair_figures& f) {
      o.text("a", f.who.first).text("b", f.who.second).number("explicit", f.named);
      o.number("shared_traces", f.shared).number("traces_a", f.traces_a).number("traces_b", f.traces_b);
      o.real("together_share",
             ratio(static_cast<double>(f.shared), static_cast<double>(std::min(f.traces_a, f.traces_b))));
      o.number("errors", f.errors);
      o.real("success_rate",
             ratio(static_cast<double>(f.together() - f.errors), static_cast<double>(f.together())));
      o.real("avg_ms", mean_ms(f.durations));
      o.real("cost_per_trace_usd", ratio(f.cost_usd, static_cast<double>(f.looked_at)));
      o.real("score", ratio(f.score(), 1));
    });
    w.flag("complete", all_complete(t));
    write_sampled(t[1].rate, w);
    w.end();
    back(response::json(std::move(out)));
  };
  ask_cells(api, r, back, {edge_question(p), trace_question(p)}, done);
}

}  // namespace

void add_collaboration_routes(api_context& api, std::vector<route>& to) {
  auto bound = [&api](auto f) {
    return [&api, f](const request_ptr& r, const responder& back) { f(api, r, back); };
  };
  to.push_back(
      {verb::get,
       "/api/v2/collaboration/graph",
       permission::read,
       bound(graph),
       {"collaborationGraph",
        "Insight",
        "Who works with whom",
        "Edges that events name (explicit), within and across traces, and those of agents that took part in "
        "the same trace.",
        insight_docs({"limit"}),
        {},
        {{200, "Nodes and edges.", {{"application/json", "CollaborationGraph", {}}}}}}});
  to.push_back({verb::get,
                "/api/v2/collaboration/pairs",
                permission::read,
                bound(pairs),
                {"collaborationPairs",
                 "Insight",
                 "Pairs that work",
                 "Ordered by 'score': the lower end of the 95 % Wilson interval of success.",
                 insight_docs({"limit"}),
                 {},
                 {{200, "The pairs.", {{"application/json", "CollaborationPairs", {}}}}}}});
}

}  // namespace troupe::http
