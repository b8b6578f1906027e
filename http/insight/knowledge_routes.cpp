// Knowledge: which items are used by whom and when, what is used together, what is missing, and what was learned.
#include <algorithm>
#include <set>
#include <span>

#include "http/insight/figures.hpp"
#include "http/insight/insight_routes.hpp"
#include "http/insight/narrowing.hpp"
#include "http/insight/together.hpp"
#include "http/routes/common_docs.hpp"

namespace troupe::http {

namespace {

using schema::CellField;
using schema::CellFigures;
using schema::CellOrder;
using schema::CellStep;
using schema::Cube;

constexpr std::size_t listed_max = 20;    // agents, tiers of an item
constexpr std::size_t related_max = 10;   // items
constexpr std::size_t columns_max = 200;  // of a heat map
constexpr std::size_t graph_agents_max = 100;
constexpr std::size_t graph_edges_max = 2'000;
constexpr std::uint32_t contexts_sampled = 3'000;
constexpr std::size_t rows_max = 100'000;  // of what is shown: no shard tells more than some thousand

cell_question knowledge_question(const insight_parameters& p, std::vector<CellField> by) {
  cell_question q{.cube = Cube::KNOWLEDGE, .by = std::move(by), .window = p.window()};
  narrow(q, p.names());
  q.order = CellOrder::COUNT;
  q.limit = 5'000;
  return q;
}

cell_question context_question(const insight_parameters& p) {
  cell_question q{.cube = Cube::CONTEXT, .by = {}, .window = p.window()};
  narrow(q, p.names());
  q.by = {CellField::ITEM};
  q.figures = CellFigures::COUNT;
  q.sample = contexts_sampled;
  return q;
}

// The first names of the groups that are shown.
std::set<std::string> first_names(const std::vector<cell_group>& groups, std::size_t max) {
  std::set<std::string> out;
  for (auto& g : groups)
    if (out.size() < max) out.insert(g.names[0]);
  return out;
}

// How often these are met together with others: of each name in 'of', with every name of 'by' behind it.
cell_question counts_of(const cell_question& all, CellField field, const std::set<std::string>& of,
                        CellField by) {
  auto q = all;
  q.by = {field, by};
  for (auto& name : of) q.where.emplace_back(field, name);
  q.figures = CellFigures::COUNT;
  q.limit = rows_max;
  return q;
}

// Rows of the same item, by the second name, most first.
using by_item = std::map<std::string, std::vector<std::pair<std::string, std::int64_t>>>;
by_item rows_of(const cell_table& t) {
  by_item out;
  for (auto& g : t.groups) out[g.names[0]].emplace_back(g.names[1], g.total.count);
  return out;
}

void write_counts(std::string_view list, std::string_view name, std::string_view count, const by_item& rows,
                  const std::string& item, std::size_t max, object_writer& w) {
  static const std::vector<std::pair<std::string, std::int64_t>> none;
  auto at = rows.find(item);
  auto some = at == rows.end() ? none : at->second;
  std::erase_if(some, [](const auto& s) { return s.first.empty(); });
  if (some.size() > max) some.resize(max);
  write_list(list, some, w,
             [&](object_writer& o, const auto& s) { o.text(name, s.first).number(count, s.second); });
}

void write_item_sums(const cell_table& all, std::size_t shown, object_writer& w) {
  auto other = all.other;
  auto others = all.other_keys;
  for (auto i = shown; i < all.groups.size(); ++i) other.add(all.groups[i].total), ++others;
  if (others == 0) {
    w.raw("other", "null");
  } else {
    object_writer o(w.name("other"));
    o.number("accesses", other.count).number("items", static_cast<std::int64_t>(others));
    o.end();
  }
  object_writer sum(w.name("total"));
  sum.number("accesses", all.total().count);
  sum.number("items", static_cast<std::int64_t>(all.groups.size() + all.other_keys));
  sum.end();
}

// Of the items that are shown: tables of who uses them, and out of which tier.
response items_answer(const insight_window& window, const cell_tables& t, const item_pairs& pairs,
                      const std::set<std::string>& shown, const cell_tables& of_shown) {
  by_item by_agent, by_tier;
  if (!of_shown.empty()) by_agent = rows_of(of_shown[0]), by_tier = rows_of(of_shown[1]);
  auto partners = pairs.partners_of(shown, related_max);
  std::string out;
  object_writer w(out);
  window.write(w);
  write_list("items", std::span(t[0].groups).first(shown.size()), w,
             [&](object_writer& o, const cell_group& g) {
               const auto& id = g.names[0];
               o.text("id", id).number("accesses", g.total.count);
               write_counts("agents", "agent_id", "accesses", by_agent, id, listed_max, o);
               write_counts("tiers", "tier", "accesses", by_tier, id, listed_max, o);
               o.real("avg_ms", mean_ms(g.total));
               o.time("first_at", g.total.extent.first_us).time("last_at", g.total.extent.last_us);
               write_list("related", partners[id], o, [](object_writer& x, const auto& partner) {
                 x.text("id", partner.first).number("together", partner.second);
               });
             });
  write_item_sums(t[0], shown.size(), w);
  w.flag("complete", all_complete(t) && all_complete(of_shown));
  write_sampled(pairs.rate, w);
  w.end();
  return response::json(std::move(out));
}

void items(api_context& api, const request_ptr& r, const responder& back) {
  insight_parameters p(*r, {"item", "limit"});
  auto limit = p.fields().limit();
  auto item = std::string(p.fields().text("item"));
  if (auto refusal = p.refusal()) return back(std::move(*refusal));
  auto all = knowledge_question(p, {CellField::ITEM});
  auto known = all;
  if (!item.empty()) all.where.emplace_back(CellField::ITEM, item);
  ask_cells(api, r, back, {all, context_question(p)}, [=, &api, window = p.window()](cell_tables& t) {
    auto shown = first_names(t[0].groups, limit);
    auto pairs = items_together(t[1]);
    if (shown.empty()) return back(items_answer(window, t, pairs, shown, {}));
    ask_cells(api, r, back,
              {counts_of(known, CellField::ITEM, shown, CellField::AGENT),
               counts_of(known, CellField::ITEM, shown, CellField::TIER)},
              [=, t = std::move(t), pairs = std::move(pairs)](cell_tables& of_shown) {
                back(items_answer(window, t, pairs, shown, of_shown));
              });
  });
}

// --- heat map

struct heat {
  std::vector<std::string> rows, columns;
  std::map<std::pair<std::size_t, std::size_t>, std::int64_t> cells;
};

// Agents in the order of all their accesses.
heat heat_by_agent(const std::vector<std::string>& rows, const cell_table& agents, const cell_table& t) {
  heat h;
  h.rows = rows;
  std::map<std::string, std::size_t> column, row;
  for (auto& g : agents.groups) {
    if (h.columns.size() == columns_max - 1 && agents.groups.size() > columns_max)
      h.columns.push_back("other");
    if (h.columns.size() < columns_max) h.columns.push_back(g.names[0]);
    column[g.names[0]] = h.columns.size() - 1;
  }
  for (auto& id : rows) row.emplace(id, row.size());
  for (auto& g : t.groups) {
    auto at = row.find(g.names[0]);
    auto across = column.find(g.names[1]);
    if (at != row.end() && across != column.end()) h.cells[{at->second, across->second}] += g.total.count;
  }
  return h;
}

heat heat_by_step(const std::vector<std::string>& rows, const cell_table& t, const insight_window& window,
                  CellStep step) {
  heat h;
  h.rows = rows;
  std::map<std::int64_t, std::size_t> place;
  if (step == CellStep::HOUR_OF_DAY) {
    for (std::int64_t hour = 0; hour < 24; ++hour) {
      place[hour] = h.columns.size();
      h.columns.push_back(std::to_string(hour));
    }
  } else {
    auto width = window.step_us();
    auto first = window.from_us >= 0 ? window.from_us / width * width : window.from_us;
    for (auto time = first; time < window.until_us; time += width) {
      place[time] = h.columns.size();
      std::string text;
      ingest::write_rfc3339(time, text);
      h.columns.push_back(std::move(text));
    }
  }
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (auto* g = t.find({rows[i]}))
      for (auto& [time, r] : g->steps)
        if (auto at = place.find(time); at != place.end()) h.cells[{i, at->second}] += r.count;
  return h;
}

void write_heat(const heat& h, std::string_view by, const cell_table& all, const insight_window& window,
                bool complete, bool exact_hours, std::string& out) {
  object_writer w(out);
  window.write(w);
  w.text("by", by);
  auto texts = [&](std::string_view name, const std::vector<std::string>& list) { w.texts(name, list); };
  texts("rows", h.rows);
  texts("columns", h.columns);
  auto& cells = w.name("cells");
  cells += '[';
  std::int64_t max = 0;
  for (auto& [at, n] : h.cells) {
    if (cells.back() != '[') cells += ',';
    cells += '[' + std::to_string(at.first) + ',' + std::to_string(at.second) + ',' + std::to_string(n) + ']';
    max = std::max(max, n);
  }
  cells += ']';
  w.number("max", max);
  object_writer total(w.name("total"));
  total.number("accesses", all.total().count)
      .number("items", static_cast<std::int64_t>(all.groups.size() + all.other_keys));
  total.end();
  if (by == "hour") w.flag("exact_hours", exact_hours);
  w.flag("complete", complete);
  w.end();
}

void heatmap(api_context& api, const request_ptr& r, const responder& back) {
  insight_parameters p(*r, {"by", "limit", "utc_offset_minutes"});
  auto by = p.fields().choice("by", {"agent", "hour", "time"});
  auto limit = p.fields().limit(50);
  auto offset = p.offset_minutes();
  if (auto refusal = p.refusal()) return back(std::move(*refusal));
  auto all = knowledge_question(p, {CellField::ITEM});
  all.figures = CellFigures::COUNT;
  auto step = by == "hour" ? CellStep::HOUR_OF_DAY : by == "time" ? p.window().step : CellStep::NONE;
  std::vector<cell_question> first{all};
  if (by == "agent") first.push_back(all), first[1].by = {CellField::AGENT};
  ask_cells(api, r, back, first, [=, &api, window = p.window()](cell_tables& t) {
    auto shown = first_names(t[0].groups, limit);
    std::vector<std::string> rows;
    for (std::size_t i = 0; i < shown.size(); ++i) rows.push_back(t[0].groups[i].names[0]);
    auto cells = counts_of(all, CellField::ITEM, shown, CellField::AGENT);
    if (by != "agent") cells.by = {CellField::ITEM}, cells.step = step, cells.offset_minutes = offset;
    auto answer = [=](const cell_tables& known, const cell_table& counts) {
      auto h =
          by == "agent" ? heat_by_agent(rows, known[1], counts) : heat_by_step(rows, counts, window, step);
      std::string out;
      write_heat(h, by, known[0], window, all_complete(known) && counts.complete, !counts.whole_hours, out);
      back(response::json(std::move(out)));
    };
    if (rows.empty()) return answer(t, {});
    ask_cells(api, r, back, {cells},
              [=, t = std::move(t)](cell_tables& of_shown) { answer(t, of_shown[0]); });
  });
}

// --- gaps

response gaps_answer(const insight_window& window, const cell_table& texts, std::size_t limit,
                     const cell_tables& of_missing) {
  auto total = texts.total();
  std::size_t distinct = 0;
  for (auto& g : texts.groups) distinct += g.total.count > g.total.hits ? 1 : 0;
  std::map<std::vector<std::string>, rollup_extent> seen;
  by_item by_agent;
  if (!of_missing.empty()) {
    for (auto& g : of_missing[0].groups) seen.emplace(g.names, g.total.extent);
    by_agent = rows_of(of_missing[1]);
  }
  std::string out;
  object_writer w(out);
  window.write(w);
  write_list("items", std::span(texts.groups).first(std::min(distinct, limit)), w,
             [&](object_writer& o, const cell_group& g) {
               const auto& text = g.names[0];
               auto miss = seen.find({text, "miss"}), hit = seen.find({text, "hit"});
               bool is_known = miss != seen.end();
               auto last_miss = is_known ? miss->second.last_us : g.total.extent.last_us;
               o.text("query", text).number("asked", g.total.count);
               o.number("without_result", g.total.count - g.total.hits);
               o.flag("open", hit == seen.end() || hit->second.last_us < last_miss);
               o.time("first_at", is_known ? miss->second.first_us : 0).time("last_at", last_miss);
               write_counts("agents", "agent_id", "asked", by_agent, text, listed_max, o);
             });
  object_writer sum(w.name("total"));
  auto without = total.count - total.hits;
  sum.number("queries", total.count).number("without_result", without);
  sum.real("gap_rate", ratio(static_cast<double>(without), static_cast<double>(total.count)));
  sum.number("distinct", static_cast<std::int64_t>(distinct));
  sum.end();
  w.flag("complete", texts.complete && all_complete(of_missing) && texts.other_keys == 0);
  w.end();
  return response::json(std::move(out));
}

void gaps(api_context& api, const request_ptr& r, const responder& back) {
  insight_parameters p(*r, {"limit"});
  std::size_t limit = p.fields().limit();
  if (auto refusal = p.refusal()) return back(std::move(*refusal));
  cell_question texts{.cube = Cube::SEARCH, .by = {CellField::TEXT}, .window = p.window()};
  narrow(texts, p.names());
  texts.order = CellOrder::MISSES;
  texts.limit = 5'000;
  ask_cells(api, r, back, {texts}, [=, &api, window = p.window()](cell_tables& t) {
    // Those that were missed come first.
    auto missed = std::ranges::find_if(t[0].groups, [](auto& g) { return g.total.count <= g.total.hits; });
    auto missing = std::min<std::size_t>(limit, static_cast<std::size_t>(missed - t[0].groups.begin()));
    if (missing == 0) return back(gaps_answer(window, t[0], limit, {}));
    auto shown = first_names(t[0].groups, missing);
    auto kinds = counts_of(texts, CellField::TEXT, shown, CellField::KIND);
    kinds.figures = CellFigures::ALL;
    auto agents = counts_of(texts, CellField::TEXT, shown, CellField::AGENT);
    agents.where.emplace_back(CellField::KIND, "miss");
    agents.order = CellOrder::COUNT;
    ask_cells(api, r, back, {kinds, agents}, [=, t = std::move(t)](cell_tables& of_missing) {
      back(gaps_answer(window, t[0], limit, of_missing));
    });
  });
}

// --- graph

void write_node(object_writer& o, std::string_view kind, const std::string& label, std::int64_t weight) {
  o.text("id", std::string(kind) + ":" + label)
      .text("kind", kind)
      .text("label", label)
      .number("weight", weight);
}

struct graph_edge {
  std::string from, to;
  std::string_view kind;
  std::int64_t weight;
};

// Best first.
std::vector<graph_edge> graph_edges(const cell_tables& accesses, const std::set<std::string>& agents,
                                    const item_pairs& pairs, const std::set<std::string>& items) {
  std::vector<graph_edge> edges;
  if (!accesses.empty())
    for (auto& g : accesses[0].groups)
      if (items.contains(g.names[0]) && agents.contains(g.names[1]))
        edges.push_back({"agent:" + g.names[1], "item:" + g.names[0], "access", g.total.count});
  std::vector<bool> shown;
  for (auto& name : pairs.names) shown.push_back(items.contains(name));
  for (auto& [a, b, n] : pairs.pairs)
    if (shown[a] && shown[b])
      edges.push_back({"item:" + pairs.names[a], "item:" + pairs.names[b], "together", pairs.scaled(n)});
  std::stable_sort(edges.begin(), edges.end(), [](auto& a, auto& b) { return a.weight > b.weight; });
  return edges;
}

void add_nodes(const cell_table& all, std::string_view kind, const std::set<std::string>& shown,
               std::vector<std::pair<std::string_view, const cell_group*>>& nodes) {
  for (auto& g : all.groups)
    if (shown.contains(g.names[0])) nodes.emplace_back(kind, &g);
}

// Tables: items, agents.
response graph_answer(const insight_window& window, const cell_tables& t, const item_pairs& pairs,
                      std::size_t limit, const cell_tables& accesses) {
  auto items = first_names(t[0].groups, limit), agents = first_names(t[1].groups, graph_agents_max);
  auto edges = graph_edges(accesses, agents, pairs, items);
  bool truncated = t[0].groups.size() > items.size() || t[1].groups.size() > agents.size() ||
                   edges.size() > graph_edges_max;
  if (edges.size() > graph_edges_max) edges.resize(graph_edges_max);
  std::vector<std::pair<std::string_view, const cell_group*>> nodes;
  add_nodes(t[0], "item", items, nodes);
  add_nodes(t[1], "agent", agents, nodes);
  std::string out;
  object_writer w(out);
  window.write(w);
  write_list("nodes", nodes, w, [](object_writer& o, const auto& n) {
    write_node(o, n.first, n.second->names[0], n.second->total.count);
  });
  write_list("edges", edges, w, [](object_writer& o, const graph_edge& e) {
    o.text("from", e.from).text("to", e.to).text("kind", e.kind).number("weight", e.weight);
  });
  w.flag("truncated", truncated).flag("complete", all_complete(t) && all_complete(accesses));
  write_sampled(pairs.rate, w);
  w.end();
  return response::json(std::move(out));
}

void graph(api_context& api, const request_ptr& r, const responder& back) {
  insight_parameters p(*r, {"limit"});
  std::size_t limit = p.fields().limit();
  if (auto refusal = p.refusal()) return back(std::move(*refusal));
  auto all = knowledge_question(p, {CellField::ITEM});
  all.figures = CellFigures::COUNT;
  auto agents = all;
  agents.by = {CellField::AGENT};
  ask_cells(api, r, back, {all, agents, context_question(p)}, [=, &api, window = p.window()](cell_tables& t) {
    auto items = first_names(t[0].groups, limit);
    auto pairs = items_together(t[2]);
    if (items.empty()) return back(graph_answer(window, t, pairs, limit, {}));
    ask_cells(api, r, back, {counts_of(all, CellField::ITEM, items, CellField::AGENT)},
              [=, t = std::move(t), pairs = std::move(pairs)](cell_tables& accesses) {
                back(graph_answer(window, t, pairs, limit, accesses));
              });
  });
}

operation_doc doc(std::string_view id, std::string_view summary, std::string_view description,
                  std::string_view schema, std::vector<parameter_doc> parameters) {
  return {id,
          "Insight",
          summary,
          description,
          std::move(parameters),
          {},
          {{200, "The figures.", {{"application/json", schema, {}}}}}};
}

}  // namespace

void add_knowledge_routes(api_context& api, std::vector<route>& to) {
  auto add = [&](std::string_view path, auto f, operation_doc d) {
    to.push_back({verb::get, path, permission::read,
                  [&api, f](const request_ptr& r, const responder& back) { f(api, r, back); }, std::move(d)});
  };
  add("/api/v2/knowledge/items", items,
      doc("knowledgeItems", "Items of knowledge",
          "Most used first, with who uses them and what is used with them.", "KnowledgeItems",
          insight_docs({"limit"}, {{"item", "query", docs::text, "Only this item."}})));
  add("/api/v2/knowledge/heatmap", heatmap,
      doc("knowledgeHeatmap", "Heat map of knowledge",
          "Items by agent, by hour of the day, or over time. Cells are [row, column, accesses].",
          "KnowledgeHeatmap",
          insight_docs(
              {"limit", "utc_offset_minutes"},
              {{"by", "query", R"({"type":"string","enum":["agent","hour","time"],"default":"agent"})",
                "What the columns are."}})));
  add("/api/v2/knowledge/gaps", gaps,
      doc("knowledgeGaps", "Knowledge that is missing", "Searches without a result, most often first.",
          "KnowledgeGaps", insight_docs({"limit"})));
  add("/api/v2/knowledge/graph", graph,
      doc("knowledgeGraph", "Graph of knowledge", "Items, the agents that use them, and items used together.",
          "KnowledgeGraph", insight_docs({"limit"})));
}

}  // namespace troupe::http
