#include "tests/support/naive_cells.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <optional>
#include <set>

#include "protocol/uuid.hpp"

namespace troupe::testing {

namespace {

using schema::CellField;
using schema::CellStep;
using schema::Cube;
using schema::EventType;

enum figure : std::size_t {
  count,
  hits,
  errors,
  cost,
  input,
  output,
  cache_read,
  cache_write,
  reasoning,
  timed,
  duration,
  longest,
  first,
  last
};

constexpr std::int64_t slot_us = 10 * second;

std::int64_t floor_to(std::int64_t time_us, std::int64_t width) { return time_us / width * width; }
std::int64_t ceil_to(std::int64_t time_us, std::int64_t width) {
  return floor_to(time_us + width - 1, width);
}

std::string type_of(EventType type) {
  static const std::map<EventType, std::string> names = {
      {EventType::CUSTOM, "custom"},
      {EventType::EXECUTION_STARTED, "execution.started"},
      {EventType::EXECUTION_COMPLETED, "execution.completed"},
      {EventType::EXECUTION_FAILED, "execution.failed"},
      {EventType::LLM_CALL, "llm.call"},
      {EventType::TOOL_CALL, "tool.call"},
      {EventType::MEMORY_ACCESS, "memory.access"},
      {EventType::KNOWLEDGE_ACCESS, "knowledge.access"},
      {EventType::HYPOTHESIS_FORMED, "hypothesis.formed"},
      {EventType::HYPOTHESIS_VALIDATED, "hypothesis.validated"},
      {EventType::HYPOTHESIS_REJECTED, "hypothesis.rejected"},
      {EventType::COLLABORATION, "collaboration"}};
  return names.at(type);
}

// Empty if it is about no hypothesis.
std::string decision_of(EventType type) {
  auto name = type_of(type);
  return name.starts_with("hypothesis.") ? name.substr(name.find('.') + 1) : std::string();
}

bool has_failed(const sample_event& e) {
  if (e.status == schema::EventStatus::UNSET) return e.type == EventType::EXECUTION_FAILED;
  return e.status == schema::EventStatus::ERROR;
}

std::int64_t begin_of(const sample_event& e) { return e.time_us - std::max<std::int64_t>(e.duration_us, 0); }

naive_row timed_row(std::int64_t us) {
  naive_row r;
  r.figures[count] = 1;
  if (us < 0) return r;
  r.figures[timed] = 1;
  r.figures[duration] = r.figures[longest] = us;
  r.durations_us = {us};
  return r;
}

void spend(naive_row& r, const sample_event& e) {
  r.figures[cost] += e.cost_nano_usd;
  r.figures[input] += e.tokens.input;
  r.figures[output] += e.tokens.output;
  r.figures[cache_read] += e.tokens.cache_read;
  r.figures[cache_write] += e.tokens.cache_write;
  r.figures[reasoning] += e.tokens.reasoning;
}

naive_row usage_row(const sample_event& e) {
  auto r = timed_row(e.duration_us);
  r.figures[errors] = has_failed(e) ? 1 : 0;
  r.figures[hits] = e.tokens.none() ? 0 : 1;
  spend(r, e);
  return r;
}

naive_row at_times(naive_row r, std::int64_t from_us, std::int64_t to_us) {
  r.figures[first] = from_us, r.figures[last] = to_us;
  return r;
}

// What was timed under "fast" may have served as "fast_immediate".
struct tier_asked {
  std::string name;
  std::int64_t us;
};
struct tiers_asked {
  std::vector<tier_asked> before;
  std::optional<tier_asked> serving;
};
tiers_asked tiers_of(const sample_event& e) {
  tiers_asked all;
  auto short_name = e.tier.substr(0, e.tier.find('_'));
  for (auto& [name, us] : e.latency_by_tier) {
    if (!e.tier.empty() && name == short_name)
      all.serving = {name, us};
    else
      all.before.push_back({name, us});
  }
  if (!e.tier.empty() && !all.serving) all.serving = {e.tier, e.duration_us};
  return all;
}

using parts = std::vector<naive_part>;

void tier_parts(const sample_event& e, parts& to) {
  auto asked = tiers_of(e);
  for (auto& t : asked.before) {
    auto r = timed_row(t.us);
    r.figures[errors] = has_failed(e) && !asked.serving ? 1 : 0;
    to.push_back({{{CellField::TIER, t.name}}, e.time_us, r});
  }
  if (!asked.serving) return;
  auto r = timed_row(asked.serving->us);
  r.figures[errors] = has_failed(e) ? 1 : 0;
  r.figures[hits] = e.items == 0 ? 0 : 1;
  spend(r, e);
  to.push_back({{{CellField::TIER, asked.serving->name}}, e.time_us, r});
}

void flow_parts(const sample_event& e, parts& to) {
  auto asked = tiers_of(e);
  auto way = asked.before;
  if (asked.serving) way.push_back(*asked.serving);
  if (way.empty()) return;
  way.insert(way.begin(), {"query", -1});
  way.push_back({asked.serving && e.items != 0 ? "hit" : "miss", -1});
  for (std::size_t i = 0; i + 1 < way.size(); ++i)
    to.push_back({{{CellField::FROM, way[i].name}, {CellField::TO, way[i + 1].name}},
                  e.time_us,
                  timed_row(way[i].us)});
}

void knowledge_parts(const sample_event& e, parts& to) {
  if (e.knowledge.empty() || !decision_of(e.type).empty()) return;
  auto serving = tiers_of(e).serving;
  auto r = timed_row(serving && serving->us >= 0 ? serving->us : e.duration_us);
  r.figures[errors] = has_failed(e) ? 1 : 0;
  to.push_back({{{CellField::ITEM, e.knowledge}, {CellField::TIER, serving ? serving->name : ""}},
                e.time_us,
                at_times(r, e.time_us, e.time_us)});
}

void search_parts(const sample_event& e, parts& to) {
  if (e.query.empty() || e.items < 0) return;
  std::string text;
  for (char c : e.query)
    if (c != ' ' || (!text.empty() && text.back() != ' ')) text += static_cast<char>(std::tolower(c));
  if (text.ends_with(' ')) text.pop_back();
  auto r = timed_row(e.duration_us);
  r.figures[hits] = e.items > 0 ? 1 : 0;
  to.push_back({{{CellField::TEXT, text}, {CellField::KIND, e.items > 0 ? "hit" : "miss"}},
                e.time_us,
                at_times(r, e.time_us, e.time_us)});
}

void state_parts(const sample_event& e, parts& to) {
  auto decision = decision_of(e.type);
  if (decision.empty()) return;
  // random_events() names a hypothesis by its id alone.
  auto id = !e.knowledge.empty() ? e.knowledge : e.attributes;
  if (auto quoted = id.rfind(R"(":")"); quoted != std::string::npos)
    id = id.substr(quoted + 3, id.rfind('"') - quoted - 3);
  if (id.empty()) id = to_string(e.id);
  to.push_back({{{CellField::ID, id}, {CellField::KIND, decision}, {CellField::LABEL, e.query}},
                e.time_us,
                at_times(timed_row(-1), e.time_us, e.time_us)});
}

// Of the hour in which it ended and of at most 23 before it.
void busy_parts(const sample_event& e, std::set<std::pair<std::string, std::int64_t>>& slots) {
  auto from = std::max(begin_of(e), floor_to(e.time_us, hour) - 23 * hour);
  auto end = std::max(from, e.time_us - 1);
  for (auto slot = floor_to(from, slot_us); slot <= end; slot += slot_us) slots.emplace(e.agent, slot);
}

void parts_of(Cube cube, const sample_event& e, parts& to) {
  auto hour_us = floor_to(e.time_us, hour);
  auto add = [&](std::map<CellField, std::string> fields) {
    to.push_back({std::move(fields), e.time_us, usage_row(e)});
  };
  switch (cube) {
    case Cube::USAGE:
      return add({{CellField::TYPE, type_of(e.type)},
                  {CellField::MODEL, e.model},
                  {CellField::PROVIDER, ""},
                  {CellField::TOOL, e.tool}});
    case Cube::TOTAL:
    case Cube::TEAM: return add({});
    case Cube::MODEL:
      if (!e.model.empty()) add({{CellField::MODEL, e.model}});
      return;
    case Cube::TOOL:
      if (!e.tool.empty()) add({{CellField::TOOL, e.tool}});
      return;
    case Cube::SESSION:
      if ((e.session.empty() && e.user.empty()) || (e.tokens.none() && e.cost_nano_usd == 0)) return;
      add({{CellField::SESSION, e.session},
           {CellField::USER, e.user},
           {CellField::MODEL, e.model},
           {CellField::TOOL, e.tool}});
      to.back().time_us = hour_us;
      return;
    case Cube::TRACE:
      if (e.trace.empty()) return;
      to.push_back({{{CellField::TRACE, e.trace}}, hour_us, at_times(usage_row(e), begin_of(e), e.time_us)});
      return;
    case Cube::EDGE:
      if (e.peer.empty() || e.peer == e.agent) return;
      to.push_back({{{CellField::FROM, e.agent}, {CellField::TO, e.peer}},
                    e.time_us,
                    at_times(usage_row(e), begin_of(e), e.time_us)});
      return;
    case Cube::CONTEXT: {
      auto& context = e.session.empty() ? e.trace : e.session;
      if (context.empty() || e.knowledge.empty() || !decision_of(e.type).empty()) return;
      to.push_back({{{CellField::CONTEXT, context}, {CellField::ITEM, e.knowledge}}, hour_us, timed_row(-1)});
      return;
    }
    case Cube::HYPOTHESIS:
      if (auto kind = decision_of(e.type); !kind.empty())
        to.push_back({{{CellField::KIND, kind}}, e.time_us, timed_row(-1)});
      return;
    case Cube::TIER: return tier_parts(e, to);
    case Cube::FLOW: return flow_parts(e, to);
    case Cube::KNOWLEDGE: return knowledge_parts(e, to);
    case Cube::SEARCH: return search_parts(e, to);
    case Cube::HYPOTHESIS_STATE: return state_parts(e, to);
    default: return;
  }
}

std::int64_t step_of(const cell_question& q, std::int64_t time_us) {
  switch (q.step) {
    case CellStep::MINUTE: return floor_to(time_us, minute);
    case CellStep::HOUR: return floor_to(time_us, hour);
    case CellStep::DAY: return floor_to(time_us, day);
    case CellStep::HOUR_OF_DAY: return (time_us + q.offset_minutes * minute) / hour % 24;
    default: return 0;
  }
}

bool is_by_hours(Cube cube) { return cube == Cube::SESSION || cube == Cube::TRACE || cube == Cube::CONTEXT; }

// Several on one field: one of the values.
bool meets(const naive_part& p, const cell_question& q) {
  return std::all_of(q.where.begin(), q.where.end(), [&](auto& asked) {
    return std::any_of(q.where.begin(), q.where.end(), [&](auto& other) {
      return other.first == asked.first && p.fields.at(asked.first) == other.second;
    });
  });
}

}  // namespace

row_figures figures_of(const rollup& r) {
  return {r.count,
          r.hits,
          r.errors,
          r.cost_nano_usd,
          r.tokens.input,
          r.tokens.output,
          r.tokens.cache_read,
          r.tokens.cache_write,
          r.tokens.reasoning,
          r.timed,
          r.duration_sum_us,
          r.duration_max_us,
          r.extent.first_us,
          r.extent.last_us};
}

void naive_row::add(const naive_row& other) {
  for (std::size_t i = 0; i < longest; ++i) figures[i] += other.figures[i];
  figures[longest] = std::max(figures[longest], other.figures[longest]);
  figures[first] =
      figures[first] == 0 ? other.figures[first] : std::min(figures[first], other.figures[first]);
  figures[last] = std::max(figures[last], other.figures[last]);
  durations_us.insert(durations_us.end(), other.durations_us.begin(), other.durations_us.end());
}

std::int64_t naive_row::percentile_us(double q) const {
  if (durations_us.empty()) return 0;
  auto sorted = durations_us;
  std::sort(sorted.begin(), sorted.end());
  auto rank = static_cast<std::size_t>(std::ceil(q * static_cast<double>(sorted.size())));
  return sorted[std::max<std::size_t>(rank, 1) - 1];
}

std::vector<naive_part> naive_parts(Cube cube, const std::vector<sample_event>& events) {
  parts all;
  std::set<std::pair<std::string, std::int64_t>> slots;
  for (auto& e : events) {
    if (cube == Cube::BUSY) busy_parts(e, slots);
    auto before = all.size();
    parts_of(cube, e, all);
    for (auto i = before; i < all.size(); ++i)
      all[i].fields[CellField::AGENT] = e.agent, all[i].fields[CellField::TEAM] = e.team;
  }
  for (auto& [agent, slot] : slots) all.push_back({{{CellField::AGENT, agent}}, slot, timed_row(-1)});
  return all;
}

naive_rows naive_answer(const std::vector<naive_part>& all, const cell_question& q) {
  auto from = q.from, until = q.until;
  if (is_by_hours(q.cube)) from = floor_to(from, hour), until = ceil_to(until, hour);
  bool is_timeless = q.cube == Cube::HYPOTHESIS_STATE;
  naive_rows rows;
  for (auto& p : all) {
    if (!is_timeless && (p.time_us < from || p.time_us >= until)) continue;
    if (!meets(p, q)) continue;
    cell_names names;
    for (auto field : q.by) names.push_back(p.fields.at(field));
    rows[{std::move(names), is_timeless ? 0 : step_of(q, p.time_us)}].add(p.row);
  }
  return rows;
}

void join_teams(std::vector<sample_event>& events, team_of_agent& teams) {
  for (auto& e : events) {
    auto& team = teams[e.agent];
    if (team.empty()) team = e.team;
    if (e.team.empty()) e.team = team;
  }
}

}  // namespace troupe::testing
