// Knowledge: which items are used by whom and when, what is used together, what is missing, and what was learned.
#include <algorithm>
#include <set>

#include "http/insight/figures.hpp"
#include "http/insight/insight_routes.hpp"
#include "http/insight/together.hpp"
#include "http/routes/common_docs.hpp"

namespace troupe::http {

namespace {

using schema::CellField;
using schema::CellOrder;
using schema::CellStep;
using schema::Cube;

constexpr std::size_t listed_max = 20;    // agents, tiers of an item
constexpr std::size_t related_max = 10;   // items
constexpr std::size_t columns_max = 200;  // of a heat map
constexpr std::size_t graph_agents_max = 100;
constexpr std::size_t graph_edges_max = 2'000;
constexpr std::uint32_t contexts_sampled = 3'000;

cell_question knowledge_question(const insight_parameters& p, std::vector<CellField> by) {
  cell_question q{.cube = Cube::KNOWLEDGE, .by = std::move(by), .window = p.window()};
  q.where = p.names().conditions({CellField::AGENT, CellField::TEAM, CellField::TIER});
  q.order = CellOrder::COUNT;
  q.limit = 5'000;
  return q;
}

cell_question context_question(const insight_parameters& p) {
  cell_question q{.cube = Cube::CONTEXT, .by = {}, .window = p.window()};
  q.where = p.names().conditions({CellField::AGENT, CellField::TEAM});
  q.sample = contexts_sampled;
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

void items(api_context& api, const request_ptr& r, const responder& back) {
  insight_parameters p(*r, {"agent_id", "team", "tier", "item", "limit"});
  auto limit = p.fields().limit();
  auto item = std::string(p.fields().text("item"));
  if (auto refusal = p.refusal()) return back(std::move(*refusal));
  auto all = knowledge_question(p, {CellField::ITEM});
  auto agents = knowledge_question(p, {CellField::ITEM, CellField::AGENT});
  auto tiers = knowledge_question(p, {CellField::ITEM, CellField::TIER});
  if (!item.empty())
    for (auto* q : {&all, &agents, &tiers}) q->where.emplace_back(CellField::ITEM, item);
  ask_cells(api, r, back, {all, agents, tiers, context_question(p)},
            [=, window = p.window()](cell_tables& t) {
              auto by_agent = rows_of(t[1]), by_tier = rows_of(t[2]);
              auto partners = items_together(t[3]).all_partners(related_max);
              auto total = t[0].total();
              auto found = t[0].groups.size() + t[0].other_keys;
              auto& rows = t[0].groups;
              for (auto i = std::min<std::size_t>(limit, rows.size()); i < rows.size(); ++i)
                t[0].other.add(rows[i].total), ++t[0].other_keys;
              if (rows.size() > limit) rows.resize(limit);
              std::string out;
              object_writer w(out);
              window.write(w);
              write_list("items", rows, w, [&](object_writer& o, const cell_group& g) {
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
              if (t[0].other_keys == 0) {
                w.raw("other", "null");
              } else {
                object_writer other(w.name("other"));
                other.number("accesses", t[0].other.count)
                    .number("items", static_cast<std::int64_t>(t[0].other_keys));
                other.end();
              }
              object_writer sum(w.name("total"));
              sum.number("accesses", total.count).number("items", static_cast<std::int64_t>(found));
              sum.end();
              w.flag("complete", all_complete(t));
              write_sampled(t[3].rate, w);
              w.end();
              back(response::json(std::move(out)));
            });
}

// --- heat map

struct heat {
  std::vector<std::string> rows, columns;
  std::map<std::pair<std::size_t, std::size_t>, std::int64_t> cells;
};

heat heat_by_agent(const std::vector<std::string>& rows, const cell_table& t) {
  std::map<std::string, std::int64_t> agents;
  for (auto& g : t.groups) agents[g.names[1]] += g.total.count;
  std::vector<std::pair<std::string, std::int64_t>> ranked(agents.begin(), agents.end());
  std::stable_sort(ranked.begin(), ranked.end(), [](auto& a, auto& b) { return a.second > b.second; });
  heat h;
  h.rows = rows;
  std::map<std::string, std::size_t> place;
  for (auto& [agent, n] : ranked) {
    if (h.columns.size() == columns_max - 1 && ranked.size() > columns_max) h.columns.push_back("other");
    if (h.columns.size() < columns_max) h.columns.push_back(agent);
    place[agent] = h.columns.size() - 1;
  }
  for (std::size_t i = 0; i < rows.size(); ++i)
    for (auto& g : t.groups)
      if (g.names[0] == rows[i]) h.cells[{i, place[g.names[1]]}] += g.total.count;
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
                bool complete, std::string& out) {
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
  w.flag("complete", complete);
  w.end();
}

void heatmap(api_context& api, const request_ptr& r, const responder& back) {
  insight_parameters p(*r, {"agent_id", "team", "tier", "by", "limit", "utc_offset_minutes"});
  auto by = p.fields().choice("by", {"agent", "hour", "time"});
  auto limit = p.fields().limit(50);
  auto offset = p.offset_minutes();
  if (auto refusal = p.refusal()) return back(std::move(*refusal));
  auto all = knowledge_question(p, {CellField::ITEM});
  auto cells = knowledge_question(p, {CellField::ITEM});
  auto step = by == "hour" ? CellStep::HOUR_OF_DAY : by == "time" ? p.window().step : CellStep::NONE;
  if (by == "agent") cells.by.push_back(CellField::AGENT);
  cells.step = step;
  cells.offset_minutes = offset;
  if (by != "agent") cells.limit = limit;
  ask_cells(api, r, back, {all, cells}, [=, window = p.window()](cell_tables& t) {
    std::vector<std::string> rows;
    for (auto& g : t[0].groups)
      if (rows.size() < limit) rows.push_back(g.names[0]);
    auto h = by == "agent" ? heat_by_agent(rows, t[1]) : heat_by_step(rows, t[1], window, step);
    std::string out;
    write_heat(h, by, t[0], window, all_complete(t), out);
    back(response::json(std::move(out)));
  });
}

// --- gaps

void gaps(api_context& api, const request_ptr& r, const responder& back) {
  insight_parameters p(*r, {"agent_id", "team", "limit"});
  auto limit = p.fields().limit();
  if (auto refusal = p.refusal()) return back(std::move(*refusal));
  cell_question texts{.cube = Cube::SEARCH, .by = {CellField::TEXT}, .window = p.window()};
  texts.where = p.names().conditions({CellField::AGENT, CellField::TEAM});
  texts.order = CellOrder::MISSES;
  texts.limit = 5'000;
  auto kinds = texts;
  kinds.by = {CellField::TEXT, CellField::KIND};
  auto agents = texts;
  agents.by = {CellField::TEXT, CellField::AGENT};
  agents.where.emplace_back(CellField::KIND, "miss");
  ask_cells(api, r, back, {texts, kinds, agents}, [=, window = p.window()](cell_tables& t) {
    auto total = t[0].total();
    std::vector<const cell_group*> missing;
    for (auto& g : t[0].groups)
      if (g.total.count > g.total.hits) missing.push_back(&g);
    auto distinct = missing.size();
    if (missing.size() > limit) missing.resize(limit);
    auto by_agent = rows_of(t[2]);
    std::string out;
    object_writer w(out);
    window.write(w);
    write_list("items", missing, w, [&](object_writer& o, const cell_group* g) {
      const auto& text = g->names[0];
      auto* miss = t[1].find({text, "miss"});
      auto* hit = t[1].find({text, "hit"});
      auto last_miss = miss ? miss->total.extent.last_us : g->total.extent.last_us;
      o.text("query", text)
          .number("asked", g->total.count)
          .number("without_result", g->total.count - g->total.hits);
      o.flag("open", !hit || hit->total.extent.last_us < last_miss);
      o.time("first_at", miss ? miss->total.extent.first_us : 0).time("last_at", last_miss);
      write_counts("agents", "agent_id", "asked", by_agent, text, listed_max, o);
    });
    object_writer sum(w.name("total"));
    auto without = total.count - total.hits;
    sum.number("queries", total.count).number("without_result", without);
    sum.real("gap_rate", ratio(static_cast<double>(without), static_cast<double>(total.count)));
    sum.number("distinct", static_cast<std::int64_t>(distinct));
    sum.end();
    w.flag("complete", all_complete(t) && t[0].other_keys == 0);
    w.end();
    back(response::json(std::move(out)));
  });
}

// --- graph

void write_node(object_writer& o, std::string_view kind, const std::string& label, std::int64_t weight) {
  o.text("id", std::string(kind) + ":" + label)
      .text("kind", kind)
      .text("label", label)
      .number("weight", weight);
}

void graph(api_context& api, const request_ptr& r, const responder& back) {
  insight_parameters p(*r, {"agent_id", "team", "limit"});
  auto limit = p.fields().limit();
  if (auto refusal = p.refusal()) return back(std::move(*refusal));
  ask_cells(api, r, back,
            {knowledge_question(p, {CellField::ITEM}), knowledge_question(p, {CellField::AGENT}),
             knowledge_question(p, {CellField::ITEM, CellField::AGENT}), context_question(p)},
            [=, window = p.window()](cell_tables& t) {
              std::set<std::string> items, agents;
              for (auto& g : t[0].groups)
                if (items.size() < limit) items.insert(g.names[0]);
              for (auto& g : t[1].groups)
                if (agents.size() < graph_agents_max) agents.insert(g.names[0]);
              struct edge {
                std::string from, to;
                std::string_view kind;
                std::int64_t weight;
              };
              std::vector<edge> edges;
              for (auto& g : t[2].groups)
                if (items.contains(g.names[0]) && agents.contains(g.names[1]))
                  edges.push_back({"agent:" + g.names[1], "item:" + g.names[0], "access", g.total.count});
              auto pairs = items_together(t[3]);
              for (auto& [pair, n] : pairs.pairs)
                if (items.contains(pair.first) && items.contains(pair.second))
                  edges.push_back({"item:" + pair.first, "item:" + pair.second, "together", pairs.scaled(n)});
              std::stable_sort(edges.begin(), edges.end(),
                               [](auto& a, auto& b) { return a.weight > b.weight; });
              bool truncated = t[0].groups.size() > items.size() || t[1].groups.size() > agents.size() ||
                               edges.size() > graph_edges_max;
              if (edges.size() > graph_edges_max) edges.resize(graph_edges_max);
              std::string out;
              object_writer w(out);
              window.write(w);
              std::vector<std::pair<std::string_view, const cell_group*>> nodes;
              for (auto& g : t[0].groups)
                if (items.contains(g.names[0])) nodes.emplace_back("item", &g);
              for (auto& g : t[1].groups)
                if (agents.contains(g.names[0])) nodes.emplace_back("agent", &g);
              write_list("nodes", nodes, w, [](object_writer& o, const auto& n) {
                write_node(o, n.first, n.second->names[0], n.second->total.count);
              });
              write_list("edges", edges, w, [](object_writer& o, const edge& e) {
                o.text("from", e.from).text("to", e.to).text("kind", e.kind).number("weight", e.weight);
              });
              w.flag("truncated", truncated).flag("complete", all_complete(t));
              write_sampled(t[3].rate, w);
              w.end();
              back(response::json(std::move(out)));
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
          insight_docs({"agent_id", "team", "tier", "limit"},
                       {{"item", "query", docs::text, "Only this item."}})));
  add("/api/v2/knowledge/heatmap", heatmap,
      doc("knowledgeHeatmap", "Heat map of knowledge",
          "Items by agent, by hour of the day, or over time. Cells are [row, column, accesses].",
          "KnowledgeHeatmap",
          insight_docs(
              {"agent_id", "team", "tier", "limit", "utc_offset_minutes"},
              {{"by", "query", R"({"type":"string","enum":["agent","hour","time"],"default":"agent"})",
                "What the columns are."}})));
  add("/api/v2/knowledge/gaps", gaps,
      doc("knowledgeGaps", "Knowledge that is missing", "Searches without a result, most often first.",
          "KnowledgeGaps", insight_docs({"agent_id", "team", "limit"})));
  add("/api/v2/knowledge/graph", graph,
      doc("knowledgeGraph", "Graph of knowledge", "Items, the agents that use them, and items used together.",
          "KnowledgeGraph", insight_docs({"agent_id", "team", "limit"})));
}

}  // namespace troupe::http
