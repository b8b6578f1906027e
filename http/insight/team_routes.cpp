// Teams: how they compare, how work lies on their members, and what to do about it.
#include <algorithm>

#include "http/insight/figures.hpp"
#include "http/insight/insight_routes.hpp"
#include "http/insight/narrowing.hpp"
#include "http/insight/team.hpp"

namespace troupe::http {

namespace {

using schema::CellField;
using schema::CellOrder;
using schema::Cube;

constexpr std::int64_t slot_us = 10'000'000;
constexpr std::size_t recommendations_max = 50;
constexpr std::size_t groups_max = 5'000;

// What the registry knows of an agent.
struct registered {
  std::string team;
  std::int64_t open = 0, claimed = 0;
};
using registry = std::map<std::string, registered>;

struct team_request {
  insight_window window;
  insight_names names;
  std::size_t limit = 0;
  std::int64_t slots = 0;  // of the window up to now
};

registry registry_of(const results& found, bool& complete) {
  registry all;
  for (auto& f : found) {
    complete = complete && !f.getMore();
    if (!f.isAgents()) continue;
    for (auto a : f.getAgents()) {
      auto activity = a.getActivity();
      all[std::string(view_of(a.getAgent().getId()))] = {
          std::string(view_of(a.getAgent().getTeam())),
          activity.getPendingTasks() + activity.getClaimedTasks(), activity.getClaimedTasks()};
    }
  }
  return all;
}

bool narrows_events(insight_names names) {
  names.team.clear();
  names.agent.clear();
  return !names.none();
}

class teams_of {
 public:
  // Tables: usage by team and agent, by team and type, by team over time; busy by agent, and over time.
  teams_of(const cell_tables& t, const registry& agents, const insight_names& only) {
    std::map<std::string, std::int64_t> most;  // of an agent's events in one team
    for (auto& g : t[0].groups)
      if (auto& n = most[g.names[1]]; g.total.count > n) n = g.total.count, home_[g.names[1]] = g.names[0];
    for (auto& [id, a] : agents)
      if (!home_.contains(id)) home_[id] = a.team;
    for (auto& g : t[0].groups) member(g.names[0], g.names[1]).usage.add(g.total);
    for (auto& [id, a] : agents) {
      if (!only.team.empty() && home_[id] != only.team) continue;
      if (!only.agent.empty() && id != only.agent) continue;
      // Who had no part in what is asked about does not come in for its tasks.
      if (narrows_events(only) && !most.contains(id)) continue;
      // A name that was only seen once upon a time and has nothing to do is nobody's member.
      if (!most.contains(id) && a.open == 0 && a.team.empty()) continue;
      auto& m = member(home_[id], id);
      m.open_tasks = a.open, m.claimed_tasks = a.claimed;
    }
    for (auto& g : t[3].groups)
      if (auto* team = home_of(g.names[0])) member(*team, g.names[0]).busy_slots = g.total.count;
    for (auto& g : t[4].groups)
      if (auto* team = home_of(g.names[0]))
        for (auto& [time, r] : g.steps) teams_[*team].busy_steps[time] += r.count;
    for (auto& g : t[1].groups) {
      auto& team = teams_[g.names[0]];
      team.usage.add(g.total);
      if (g.names[1] == "execution.completed") team.completed += g.total.count, team.executions.add(g.total);
      if (g.names[1] == "execution.failed") team.failed += g.total.count, team.executions.add(g.total);
    }
    for (auto& g : t[2].groups) teams_[g.names[0]].steps = g.steps;
  }

  std::vector<team_figures> take() {
    std::vector<team_figures> out;
    for (auto& [name, team] : teams_) {
      team.name = name;
      weigh(team);
      out.push_back(std::move(team));
    }
    std::stable_sort(out.begin(), out.end(), [](auto& a, auto& b) { return a.usage.count > b.usage.count; });
    return out;
  }

 private:
  // The team of an agent that is looked at.
  const std::string* home_of(const std::string& agent) const {
    auto at = home_.find(agent);
    return at != home_.end() && places_.contains({at->second, agent}) ? &at->second : nullptr;
  }
  team_member& member(const std::string& team, const std::string& agent) {
    auto& members = teams_[team].members;
    auto [at, is_new] = places_.try_emplace({team, agent}, members.size());
    if (is_new) members.emplace_back().agent = agent;
    return members[at->second];
  }

  std::map<std::string, team_figures> teams_;
  std::map<std::string, std::string> home_;
  std::map<std::pair<std::string, std::string>, std::size_t> places_;
};

void write_member(object_writer& o, const team_member& m, const team_figures& t, std::int64_t slots) {
  o.text("agent_id", m.agent).number("events", m.usage.count).number("errors", m.usage.errors);
  o.decimal("cost_usd", m.usage.cost_nano_usd, 9);
  o.real("utilisation", ratio(static_cast<double>(m.busy_slots), static_cast<double>(slots)));
  o.number("busy_ms", m.busy_slots * slot_us / 1000).number("open_tasks", m.open_tasks);
  o.number("claimed_tasks", m.claimed_tasks);
  o.real("share", ratio(static_cast<double>(m.usage.count), static_cast<double>(t.usage.count)));
  o.real("load", ratio(m.load, 1));
}

void write_executions(const team_figures& t, object_writer& o) {
  object_writer e(o.name("executions"));
  e.number("completed", t.completed).number("failed", t.failed);
  e.real("success_rate",
         ratio(static_cast<double>(t.completed), static_cast<double>(t.completed + t.failed)));
  e.real("avg_ms", mean_ms(t.executions));
  e.end();
}

void write_team(object_writer& o, const team_figures& t, const team_request& ask, std::int64_t all_events) {
  auto active = static_cast<double>(t.active());
  o.text_or_null("team", t.name).number("agents", static_cast<std::int64_t>(t.members.size()));
  o.number("active_agents", t.active());
  write_usage(t.usage, o);
  o.real("error_rate", ratio(static_cast<double>(t.usage.errors), static_cast<double>(t.usage.count)));
  write_executions(t, o);
  o.real("cost_per_execution_usd", ratio(usd(t.usage.cost_nano_usd), static_cast<double>(t.completed)));
  o.real("utilisation", ratio(static_cast<double>(t.busy_slots()), active * static_cast<double>(ask.slots)));
  o.number("busy_ms", t.busy_slots() * slot_us / 1000);
  o.number("open_tasks", t.open_tasks()).number("claimed_tasks", t.claimed_tasks());
  o.real("events_share", ratio(static_cast<double>(t.usage.count), static_cast<double>(all_events)));
  std::vector<double> busy;
  for (auto& m : t.members) busy.push_back(static_cast<double>(m.busy_slots));
  o.real("imbalance", gini(std::move(busy)));
  auto step_slots = static_cast<double>(ask.window.step_us() / slot_us);
  write_list("series", t.steps, o, [&](object_writer& s, const auto& step) {
    auto at = t.busy_steps.find(step.first);
    auto slots = at == t.busy_steps.end() ? 0 : at->second;
    s.time("time", step.first).number("events", step.second.count);
    s.decimal("cost_usd", step.second.cost_nano_usd, 9);
    s.real("utilisation", ratio(static_cast<double>(slots), active * step_slots));
  });
  auto members = t.members;
  if (members.size() > ask.limit) members.resize(ask.limit);
  write_list("members", members, o,
             [&](object_writer& m, const team_member& each) { write_member(m, each, t, ask.slots); });
}

void write_answer(const std::vector<team_figures>& teams, const team_request& ask, bool complete,
                  std::string& out) {
  std::int64_t events = 0;
  for (auto& t : teams) events += t.usage.count;
  auto advice = recommend(teams, ask.slots);
  if (advice.size() > recommendations_max) advice.resize(recommendations_max);
  object_writer w(out);
  ask.window.write(w);
  write_list("teams", teams, w,
             [&](object_writer& o, const team_figures& t) { write_team(o, t, ask, events); });
  write_list("recommendations", advice, w, [](object_writer& o, const recommendation& r) {
    o.text("kind", r.kind).text_or_null("team", r.team).text_or_null("agent_id", r.agent);
    o.text_or_null("to_agent_id", r.to_agent).real("score", ratio(r.score, 1));
    o.text("title", r.title).text("arithmetic", r.arithmetic).raw("evidence", r.evidence);
  });
  w.flag("complete", complete);
  w.end();
}

std::vector<cell_question> team_questions(const insight_parameters& p) {
  auto usage = [&](std::vector<CellField> by) {
    auto q = usage_question(p.window(), p.names(), std::move(by));
    q.order = CellOrder::COUNT;
    q.limit = groups_max;
    return q;
  };
  auto by_agent = usage({CellField::TEAM, CellField::AGENT});
  auto by_type = usage({CellField::TEAM, CellField::TYPE});
  auto over_time = usage({CellField::TEAM});
  over_time.step = p.window().step;
  cell_question busy{.cube = Cube::BUSY, .by = {CellField::AGENT}, .window = p.window()};
  // An agent is at work whatever the team of the event.
  auto of_all_teams = p.names();
  of_all_teams.team.clear();
  narrow(busy, of_all_teams);
  busy.order = CellOrder::COUNT;
  busy.limit = groups_max;
  auto busy_over_time = busy;
  busy_over_time.step = p.window().step;
  return {by_agent, by_type, over_time, busy, busy_over_time};
}

void teams(api_context& api, const request_ptr& r, const responder& back) {
  insight_parameters p(*r, {"limit"});
  team_request ask{p.window(), p.names(), p.fields().limit()};
  if (auto refusal = p.refusal()) return back(std::move(*refusal));
  ask.slots =
      std::max<std::int64_t>((std::min(ask.window.until_us, p.now_us()) - ask.window.from_us) / slot_us, 1);
  query_builder query(r->who.org);
  query->initListAgents().setLimit(limits::page_items_max);
  run_query_each(api, consistency_of(*r), back, api.actors.entity_shards(), query.bytes(),
                 [&api, r, back, ask, questions = team_questions(p)](const results& found) {
                   bool whole = true;
                   auto agents = registry_of(found, whole);
                   ask_cells(api, r, back, questions, [=](cell_tables& t) {
                     std::string out;
                     auto all = teams_of(t, agents, ask.names).take();
                     write_answer(all, ask, whole && all_complete(t), out);
                     back(response::json(std::move(out)));
                   });
                 });
}

}  // namespace

void add_team_routes(api_context& api, std::vector<route>& to) {
  to.push_back(
      {verb::get,
       "/api/v2/teams",
       permission::read,
       [&api](const request_ptr& r, const responder& back) { teams(api, r, back); },
       {"teams",
        "Insight",
        "Teams, their members, and what to do",
        "Utilisation is the share of slots of 10 s in which an agent was at work; load is relative "
        "to the mean of the "
        "other members. Recommendations come best first, each with its arithmetic. Tasks are no events: "
        "an agent's are told whatever narrows the events.",
        insight_docs({"limit"}),
        {},
        {{200, "The teams.", {{"application/json", "Teams", {}}}}}}});
}

}  // namespace troupe::http
