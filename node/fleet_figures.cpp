#include "node/fleet_figures.hpp"

#include <kj/exception.h>
#include <prometheus/client_metric.h>

#include <algorithm>
#include <limits>

#include "protocol/event_type.hpp"
#include "protocol/message.hpp"
#include "protocol/schema/reply.capnp.h"

namespace troupe::node {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using labels = std::vector<ClientMetric::Label>;

constexpr std::string_view other = "other";

// The entry of that name; that of "other" when there are too many.
template <class Map>
auto& entry(Map& all, std::string_view name, std::size_t most) {
  auto found = all.find(name);
  if (found == all.end() && all.size() >= most) name = other, found = all.find(name);
  if (found == all.end()) found = all.emplace(std::string(name), typename Map::mapped_type{}).first;
  return found->second;
}

ClientMetric counted(double value, labels with = {}) {
  ClientMetric m;
  m.label = std::move(with);
  m.counter.value = value;
  return m;
}

template <class Number>
ClientMetric counted(Number value, labels with = {}) {
  return counted(static_cast<double>(value), std::move(with));
}

ClientMetric timed(const duration_buckets& all, labels with) {
  ClientMetric m;
  m.label = std::move(with);
  m.histogram = all.read();
  return m;
}

MetricFamily counter(const char* name, const char* help, std::vector<ClientMetric> metrics) {
  return {name, help, MetricType::Counter, std::move(metrics)};
}

// A tier may serve under a longer name ("redis_immediate") than it was timed under ("redis").
bool is_same_tier(std::string_view timed, std::string_view serving) {
  return serving.starts_with(timed) && (serving.size() == timed.size() || serving[timed.size()] == '_');
}

bool failed(schema::Event::Reader e) { return e.getStatus() == schema::EventStatus::ERROR; }

}  // namespace

void duration_buckets::add(std::int64_t us) {
  double s = static_cast<double>(us) / 1e6;
  auto at = std::lower_bound(bounds_s.begin(), bounds_s.end(), s) - bounds_s.begin();
  counts_[static_cast<std::size_t>(at)] += 1;
  sum_s_ += s;
}

ClientMetric::Histogram duration_buckets::read() const {
  ClientMetric::Histogram out;
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    below += counts_[i];
    double bound = i < bounds_s.size() ? bounds_s[i] : std::numeric_limits<double>::infinity();
    out.bucket.push_back({below, bound});
  }
  out.sample_count = below;
  out.sample_sum = sum_s_;
  return out;
}

void fleet_figures::take(std::string_view bytes, const leads& here) noexcept {
  try {
    message_reader reader(bytes);
    auto feed = reader.root<schema::Feed>();
    if (!here(feed.getShard())) return;
    std::lock_guard lock(mutex_);
    for (auto each : feed.getFacts()) {
      message_reader inner(view_of(each));
      auto fact = inner.root<schema::Fact>();
      if (!fact.isEventsAppended()) continue;
      for (auto e : fact.getEventsAppended().getEvents()) take_event(view_of(fact.getOrg()), e);
    }
  } catch (const kj::Exception&) {
    // The hub reads the same feed and says so in the log.
  } catch (const std::exception&) {
    // Out of memory: a measurement less.
  }
}

void fleet_figures::take_event(std::string_view org, schema::Event::Reader e) {
  auto type = std::min<std::size_t>(static_cast<std::size_t>(e.getType()), types_.size() - 1);
  auto& of_type = types_[type];
  (failed(e) ? of_type.bad : of_type.good) += 1;
  see_agent(org, e);
  take_cost(e);
  switch (e.getType()) {
    case schema::EventType::LLM_CALL: return take_model_call(e);
    case schema::EventType::MEMORY_ACCESS: return take_memory(e);
    case schema::EventType::KNOWLEDGE_ACCESS: {
      (e.getItemsRetrieved() == 0 ? knowledge_.bad : knowledge_.good) += 1;
      return;
    }
    case schema::EventType::TOOL_CALL: {
      auto& tool = entry(tools_, e.getTool().size() ? view_of(e.getTool()) : other, names_max);
      (failed(e) ? tool.bad : tool.good) += 1;
      return;
    }
    default: return;
  }
}

void fleet_figures::take_model_call(schema::Event::Reader e) {
  auto& m = entry(models_, e.getModel().size() ? view_of(e.getModel()) : other, names_max);
  if (e.getDurationUs() >= 0) m.durations.add(e.getDurationUs());
  if (!e.hasTokens()) return;
  m.tokens.add(e.getTokens());
  m.cost_nano_usd += e.getCostNanoUsd();
  if (e.getCostSource() == schema::CostSource::NONE) m.unpriced += 1;
}

// As the rollups count: each tier of the list was asked; the serving one with the event's duration if it is not there.
void fleet_figures::take_memory(schema::Event::Reader e) {
  auto serving = view_of(e.getTier());
  bool listed = false;
  for (auto asked : e.getLatencyByTier()) {
    auto& t = entry(tiers_, view_of(asked.getTier()), tiers_max);
    t.asked += 1;
    t.latency.add(asked.getLatencyUs());
    if (listed || !is_same_tier(view_of(asked.getTier()), serving)) continue;
    listed = true;
    t.served += 1;
  }
  if (listed || serving.empty()) return;
  auto& t = entry(tiers_, serving, tiers_max);
  t.asked += 1;
  t.served += 1;
  if (e.getDurationUs() >= 0) t.latency.add(e.getDurationUs());
}

void fleet_figures::take_cost(schema::Event::Reader e) {
  if (e.getCostNanoUsd() <= 0) return;
  auto add = [&](named<std::int64_t>& to, std::string_view name, std::size_t most) {
    entry(to, name.empty() ? other : name, most) += e.getCostNanoUsd();
  };
  add(team_cost_, view_of(e.getTeam()), names_max);
  if (e.getType() == schema::EventType::TOOL_CALL) add(tool_cost_, view_of(e.getTool()), names_max);
  if (e.getType() == schema::EventType::MEMORY_ACCESS) add(tier_cost_, view_of(e.getTier()), tiers_max);
}

void fleet_figures::see_agent(std::string_view org, schema::Event::Reader e) {
  auto hash =
      std::hash<std::string_view>{}(view_of(e.getAgentId())) * 31 + std::hash<std::string_view>{}(org);
  auto found = agents_.find(hash);
  // Never later than it came in, whatever its clock says.
  auto at = std::min(e.getTimeUs(), e.getReceivedUs());
  if (found != agents_.end())
    found->second = std::max(found->second, at);
  else if (agents_.size() < agents_max)
    agents_.emplace(hash, at);
}

std::vector<MetricFamily> fleet_figures::read(std::int64_t now_us) const {
  std::lock_guard lock(mutex_);
  std::vector<ClientMetric> events, tokens, cost, unpriced, durations, asked, served, latency, tools;
  auto both = [](std::vector<ClientMetric>& to, const outcomes& n, const char* label, std::string value) {
    to.push_back(counted(n.good, {{label, value}, {"status", "ok"}}));
    to.push_back(counted(n.bad, {{label, std::move(value)}, {"status", "error"}}));
  };
  for (std::size_t i = 0; i <= static_cast<std::size_t>(schema::EventType::COLLABORATION); ++i) {
    auto type = static_cast<schema::EventType>(i);
    auto name = type == schema::EventType::CUSTOM ? "custom" : event_type_name(type, "");
    both(events, types_[i], "type", name);
  }
  for (const auto& [name, m] : models_) {
    const auto& t = m.tokens;
    auto kind = [&](const char* what, std::int64_t n) {
      tokens.push_back(counted(std::max<std::int64_t>(n, 0), {{"model", name}, {"kind", what}}));
    };
    kind("input", t.input - t.cache_read - t.cache_write);
    kind("cache_read", t.cache_read);
    kind("cache_write", t.cache_write);
    kind("output", t.output - t.reasoning);
    kind("reasoning", t.reasoning);
    cost.push_back(counted(static_cast<double>(m.cost_nano_usd) / 1e9, {{"model", name}}));
    unpriced.push_back(counted(m.unpriced, {{"model", name}}));
    durations.push_back(timed(m.durations, {{"model", name}}));
  }
  for (const auto& [name, t] : tiers_) {
    asked.push_back(counted(t.asked, {{"tier", name}}));
    served.push_back(counted(t.served, {{"tier", name}}));
    latency.push_back(timed(t.latency, {{"tier", name}}));
  }
  for (const auto& [name, n] : tools_) both(tools, n, "tool", name);
  auto costs = [](const named<std::int64_t>& of, const char* label) {
    std::vector<ClientMetric> all;
    for (auto& [name, nano_usd] : of)
      all.push_back(counted(static_cast<double>(nano_usd) / 1e9, {{label, name}}));
    return all;
  };
  std::erase_if(agents_, [&](const auto& a) { return a.second < now_us - active_us; });
  ClientMetric active;
  active.gauge.value = static_cast<double>(agents_.size());
  return {
      counter("troupe_fleet_events_total", "Events stored, by type and status.", std::move(events)),
      counter("troupe_fleet_tokens_total", "Tokens of model calls; the kinds add up.", std::move(tokens)),
      counter("troupe_fleet_cost_usd_total", "Cost of model calls in US dollars, where it is known.",
              std::move(cost)),
      counter("troupe_fleet_team_cost_usd_total", "Cost of all events in US dollars, by team.",
              costs(team_cost_, "team")),
      counter("troupe_fleet_tool_cost_usd_total", "Cost of calls of tools in US dollars.",
              costs(tool_cost_, "tool")),
      counter("troupe_fleet_memory_cost_usd_total", "Cost of memory in US dollars, by the tier that served.",
              costs(tier_cost_, "tier")),
      counter("troupe_fleet_unpriced_calls_total", "Model calls with tokens whose price is not known.",
              std::move(unpriced)),
      {"troupe_fleet_model_call_duration_seconds", "How long model calls took.", MetricType::Histogram,
       std::move(durations)},
      counter("troupe_fleet_memory_requests_total", "How often a memory tier was asked.", std::move(asked)),
      counter("troupe_fleet_memory_hits_total", "How often a memory tier served.", std::move(served)),
      {"troupe_fleet_memory_latency_seconds", "How long a memory tier took.", MetricType::Histogram,
       std::move(latency)},
      counter("troupe_fleet_knowledge_accesses_total",
              "Accesses to knowledge, by whether anything was found.",
              {counted(knowledge_.good, {{"outcome", "found"}}),
               counted(knowledge_.bad, {{"outcome", "nothing"}})}),
      counter("troupe_fleet_tool_calls_total", "Calls of tools, by tool and status.", std::move(tools)),
      {"troupe_fleet_agents_active",
       "Agents with an event in the last five minutes.",
       MetricType::Gauge,
       {active}},
  };
}

}  // namespace troupe::node
