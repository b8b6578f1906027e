#include "http/insight/team.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>

#include "http/insight/figures.hpp"

namespace troupe::http {

namespace {

constexpr double overloaded_from = 1.5;
constexpr std::int64_t events_min = 10, tasks_min = 3, errors_min = 5;
constexpr double failing_from = 0.1, idle_below = 0.05, costly_from = 2;
constexpr double slot_s = 10;

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, value == std::floor(value) ? "%.0f" : "%.2f", value);
  return text;
}

struct measure {
  std::string_view name, in_words;
  double own = 0, others = 0;  // others: their mean
  double ratio() const { return own / std::max(others, 1.0); }
};

// The heaviest of the three measures of one member.
measure heaviest(const team_figures& team, const team_member& m) {
  auto others = static_cast<double>(team.members.size() - 1);
  auto of = [&](std::string_view name, std::string_view in_words, auto value) {
    double sum = 0;
    for (auto& other : team.members) sum += static_cast<double>(value(other));
    auto own = static_cast<double>(value(m));
    return measure{name, in_words, own, others > 0 ? (sum - own) / others : own};
  };
  measure all[] = {of("busy_seconds", "busy seconds",
                      [](auto& x) { return x.busy_slots * static_cast<std::int64_t>(slot_s); }),
                   of("events", "events", [](auto& x) { return x.usage.count; }),
                   of("open_tasks", "open tasks", [](auto& x) { return x.open_tasks; })};
  return *std::max_element(std::begin(all), std::end(all),
                           [](auto& a, auto& b) { return a.ratio() < b.ratio(); });
}

// 'more' writes what one kind of advice adds to it.
template <class More>
std::string evidence_of(const team_member& m, std::int64_t slots, More&& more) {
  std::string out;
  object_writer w(out);
  w.number("events", m.usage.count).number("errors", m.usage.errors).number("open_tasks", m.open_tasks);
  w.number("claimed_tasks", m.claimed_tasks);
  w.number("busy_ms", m.busy_slots * static_cast<std::int64_t>(slot_s) * 1000);
  w.real("utilisation", ratio(static_cast<double>(m.busy_slots), static_cast<double>(slots)));
  w.real("load", ratio(m.load, 1)).decimal("cost_usd", m.usage.cost_nano_usd, 9);
  more(w);
  w.end();
  return out;
}

void add_overloaded(const team_figures& t, const team_member& m, std::int64_t slots,
                    std::vector<recommendation>& to) {
  if (t.members.size() < 2 || m.load < overloaded_from) return;
  if (m.usage.count < events_min && m.open_tasks < tasks_min) return;
  auto& least = t.members.back();
  auto by = heaviest(t, m);
  auto others = static_cast<std::int64_t>(t.members.size()) - 1;
  auto evidence = evidence_of(m, slots, [&](object_writer& w) {
    w.text("measure", by.name).real("own", ratio(by.own, 1)).real("others_avg", ratio(by.others, 1));
    w.number("others", others);
  });
  recommendation r{"overloaded_agent", t.name, m.agent, least.agent, {}, {}, std::move(evidence), m.load};
  r.title = "Move work from " + m.agent + " to " + least.agent;
  r.arithmetic = number(by.own) + " " + std::string(by.in_words) + " against " + number(by.others) +
                 " on average of " + std::to_string(others) + " others: " + number(m.load) + " times";
  to.push_back(std::move(r));
}

void add_others(const team_figures& t, const team_member& m, std::int64_t slots,
                std::vector<recommendation>& to) {
  auto events = static_cast<double>(m.usage.count);
  auto failing = events > 0 ? static_cast<double>(m.usage.errors) / events : 0;
  if (m.usage.errors >= errors_min && failing >= failing_from)
    to.push_back({"failing_agent",
                  t.name,
                  m.agent,
                  {},
                  "Look at the failures of " + m.agent,
                  std::to_string(m.usage.errors) + " of " + std::to_string(m.usage.count) +
                      " events failed: " + number(100 * failing) + " %",
                  evidence_of(m, slots, [](object_writer&) {}),
                  failing});
  auto used = static_cast<double>(m.busy_slots) / static_cast<double>(std::max<std::int64_t>(slots, 1));
  auto& busiest = t.members.front();
  bool has_room = used < idle_below && m.open_tasks == 0 && m.load < overloaded_from;
  if (!has_room || busiest.load < overloaded_from) return;
  auto evidence = evidence_of(m, slots, [&](object_writer& w) {
    w.text("busiest_agent_id", busiest.agent).real("busiest_load", ratio(busiest.load, 1));
  });
  to.push_back({"idle_agent",
                t.name,
                m.agent,
                {},
                "Give work to " + m.agent,
                number(100 * used) + " % of the time at work and no open task, while " + busiest.agent +
                    " has " + number(busiest.load) + " times the mean",
                std::move(evidence),
                idle_below - used});
}

void add_costly(const std::vector<team_figures>& teams, std::vector<recommendation>& to) {
  for (auto& t : teams) {
    std::int64_t done = 0;
    double cost = 0;
    for (auto& other : teams)
      if (&other != &t)
        done += other.completed, cost += other.completed > 0 ? usd(other.usage.cost_nano_usd) : 0;
    if (t.completed == 0 || done == 0 || cost == 0) continue;
    auto own = usd(t.usage.cost_nano_usd) / static_cast<double>(t.completed);
    auto theirs = cost / static_cast<double>(done);
    if (own < costly_from * theirs) continue;
    std::string evidence;
    object_writer w(evidence);
    w.number("completed", t.completed).real("cost_per_execution_usd", ratio(own, 1));
    w.real("others_usd", ratio(theirs, 1));
    w.end();
    to.push_back({"costly_team",
                  t.name,
                  {},
                  {},
                  "Look at what an execution of " + t.name + " costs",
                  number(own) + " USD an execution against " + number(theirs) + " USD of the other teams",
                  std::move(evidence),
                  std::min(own / theirs / 10, 1.0)});
  }
}

template <class Value>
std::int64_t sum_of(const std::vector<team_member>& members, Value&& value) {
  std::int64_t sum = 0;
  for (auto& m : members) sum += value(m);
  return sum;
}

}  // namespace

std::int64_t team_figures::busy_slots() const {
  return sum_of(members, [](auto& m) { return m.busy_slots; });
}
std::int64_t team_figures::active() const {
  return sum_of(members, [](auto& m) { return m.usage.count > 0 ? 1 : 0; });
}
std::int64_t team_figures::open_tasks() const {
  return sum_of(members, [](auto& m) { return m.open_tasks; });
}
std::int64_t team_figures::claimed_tasks() const {
  return sum_of(members, [](auto& m) { return m.claimed_tasks; });
}

void weigh(team_figures& team) {
  if (team.members.size() > 1)
    for (auto& m : team.members) m.load = heaviest(team, m).ratio();
  std::stable_sort(team.members.begin(), team.members.end(),
                   [](auto& a, auto& b) { return a.load > b.load; });
}

std::optional<double> gini(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  auto sum = std::accumulate(values.begin(), values.end(), 0.0);
  if (values.empty() || sum == 0) return {};
  double weighted = 0;
  for (std::size_t i = 0; i < values.size(); ++i) weighted += static_cast<double>(i + 1) * values[i];
  auto n = static_cast<double>(values.size());
  return ratio(2 * weighted / (n * sum) - (n + 1) / n, 1);
}

std::vector<recommendation> recommend(const std::vector<team_figures>& teams, std::int64_t slots) {
  std::vector<recommendation> all;
  for (auto& t : teams)
    for (auto& m : t.members) {
      add_overloaded(t, m, slots, all);
      add_others(t, m, slots, all);
    }
  add_costly(teams, all);
  std::stable_sort(all.begin(), all.end(), [](auto& a, auto& b) { return a.score > b.score; });
  return all;
}

}  // namespace troupe::http
