// Hypotheses: formed, validated, rejected, and how fast the fleet learns.
#include <algorithm>

#include "http/insight/figures.hpp"
#include "http/insight/insight_routes.hpp"
#include "http/insight/narrowing.hpp"

namespace troupe::http {

namespace {

using schema::CellField;
using schema::CellOrder;
using schema::Cube;

constexpr std::size_t held_max = 5'000;

struct hypothesis {
  std::string id, label, agent, decided_by;
  std::int64_t formed_us = 0, validated_us = 0, rejected_us = 0;  // 0: not

  // The later decision holds.
  std::int64_t decided_us() const { return std::max(validated_us, rejected_us); }
  std::string_view state() const {
    if (decided_us() == 0) return "open";
    return validated_us >= rejected_us ? "validated" : "rejected";
  }
  std::int64_t latest_us() const { return std::max(formed_us, decided_us()); }
};

// Fields: id, kind, agent, label. One that is formed by one agent may be decided by another, in another shard.
std::vector<hypothesis> joined(const cell_table& states) {
  std::map<std::string, hypothesis> by_id;
  for (auto& g : states.groups) {
    auto& h = by_id[g.names[0]];
    const auto& kind = g.names[1];
    auto first = g.total.extent.first_us, last = g.total.extent.last_us;
    h.id = g.names[0];
    if (h.label.empty() || kind == "formed") h.label = g.names[3].empty() ? h.label : g.names[3];
    if (kind == "formed") {
      if (h.formed_us == 0 || first < h.formed_us) h.formed_us = first, h.agent = g.names[2];
      continue;
    }
    auto& at = kind == "validated" ? h.validated_us : h.rejected_us;
    if (last > h.decided_us()) h.decided_by = g.names[2];
    at = std::max(at, last);
  }
  std::vector<hypothesis> out;
  for (auto& [id, h] : by_id) out.push_back(std::move(h));
  std::stable_sort(out.begin(), out.end(), [](auto& a, auto& b) { return a.latest_us() > b.latest_us(); });
  return out;
}

struct kinds {
  std::int64_t formed = 0, validated = 0, rejected = 0;
  void add(const std::string& kind, std::int64_t n) {
    (kind == "formed" ? formed : kind == "validated" ? validated : rejected) += n;
  }
  void write(object_writer& w) const {
    w.number("formed", formed).number("validated", validated).number("rejected", rejected);
  }
};

// How long those took that were decided in the window.
rollup times_to_decision(const std::vector<hypothesis>& all, const insight_window& window) {
  rollup times;
  for (auto& h : all)
    if (h.formed_us != 0 && h.decided_us() >= window.from_us && h.decided_us() < window.until_us)
      times.add_duration(h.decided_us() - h.formed_us);
  return times;
}

void write_item(object_writer& o, const hypothesis& h) {
  o.text("id", h.id).text_or_null("label", h.label).text("state", h.state());
  o.text_or_null("agent_id", h.agent).text_or_null("decided_by", h.decided_by);
  o.time("formed_at", h.formed_us).time("decided_at", h.decided_us());
  if (h.formed_us != 0 && h.decided_us() != 0)
    o.decimal("time_to_decision_ms", h.decided_us() - h.formed_us, 3);
  else
    o.raw("time_to_decision_ms", "null");
}

void write_answer(const cell_tables& t, const insight_window& window, std::size_t limit, std::string& out) {
  kinds sum;
  std::map<std::string, kinds> agents;
  std::map<std::int64_t, kinds> steps;
  for (auto& g : t[0].groups) {
    sum.add(g.names[0], g.total.count);
    agents[g.names[1]].add(g.names[0], g.total.count);
  }
  for (auto& g : t[2].groups)
    for (auto& [time, r] : g.steps) steps[time].add(g.names[0], r.count);
  auto all = joined(t[1]);
  auto times = times_to_decision(all, window);
  auto within = [&](std::int64_t us) { return us >= window.from_us && us < window.until_us; };
  std::int64_t open = 0;
  std::erase_if(all, [&](auto& h) { return !within(h.formed_us) && !within(h.decided_us()); });
  for (auto& h : all) open += h.state() == "open" ? 1 : 0;
  if (all.size() > limit) all.resize(limit);
  object_writer w(out);
  window.write(w);
  sum.write(w);
  w.number("open", open);
  w.real("validation_rate",
         ratio(static_cast<double>(sum.validated), static_cast<double>(sum.validated + sum.rejected)));
  w.real("learning_velocity_per_day", ratio(static_cast<double>(sum.validated), window.days()));
  write_latency("time_to_decision_ms", times, w);
  write_list("series", steps, w, [](object_writer& o, const auto& s) {
    o.time("time", s.first);
    s.second.write(o);
  });
  write_list("agents", agents, w, [](object_writer& o, const auto& a) {
    o.text("agent_id", a.first);
    a.second.write(o);
  });
  write_list("items", all, w, write_item);
  w.flag("complete", all_complete(t) && t[1].other_keys == 0);
  w.end();
}

void hypotheses(api_context& api, const request_ptr& r, const responder& back) {
  insight_parameters p(*r, {"limit"});
  auto limit = p.fields().limit();
  if (auto refusal = p.refusal()) return back(std::move(*refusal));
  cell_question counts{
      .cube = Cube::HYPOTHESIS, .by = {CellField::KIND, CellField::AGENT}, .window = p.window()};
  narrow(counts, p.names());
  counts.order = CellOrder::COUNT;
  counts.limit = held_max;
  cell_question states{.cube = Cube::HYPOTHESIS_STATE,
                       .by = {CellField::ID, CellField::KIND, CellField::AGENT, CellField::LABEL},
                       .window = p.window()};
  narrow(states, p.names());
  states.order = CellOrder::LAST;
  states.limit = held_max;
  auto series = counts;
  series.by = {CellField::KIND};
  series.step = p.window().step;
  ask_cells(api, r, back, {counts, states, series}, [=, window = p.window()](cell_tables& t) {
    std::string out;
    write_answer(t, window, limit, out);
    back(response::json(std::move(out)));
  });
}

}  // namespace

void add_hypothesis_routes(api_context& api, std::vector<route>& to) {
  to.push_back({verb::get,
                "/api/v2/knowledge/hypotheses",
                permission::read,
                [&api](const request_ptr& r, const responder& back) { hypotheses(api, r, back); },
                {"knowledgeHypotheses",
                 "Insight",
                 "Hypotheses and how fast the fleet learns",
                 "Learning velocity is the number validated per day of the window.",
                 insight_docs({"limit"}),
                 {},
                 {{200, "The figures.", {{"application/json", "KnowledgeHypotheses", {}}}}}}});
}

}  // namespace troupe::http
