#include "cell_tally.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <numeric>
#include <optional>
#include <vector>

#include "event_facts.hpp"
#include "protocol/cell_record.hpp"
#include "protocol/envelope.hpp"
#include "protocol/event_type.hpp"
#include "protocol/message.hpp"
#include "protocol/uuid.hpp"

namespace troupe::insight {

namespace {

using schema::Cube;
using schema::Resolution;

// After the record's tag: the cube, then the start.
constexpr std::size_t cube_at = 1, start_at = 2, rest_at = 10;

std::int64_t start_of(std::string_view key) { return key_reader(key.substr(start_at)).i64(); }

// A key of the tally with another cube and start.
std::string with(Cube cube, std::int64_t start, std::string_view key) {
  auto out = key_writer(record_tag::cell).u8(static_cast<std::uint8_t>(cube)).i64(start).str();
  return out.append(key.substr(rest_at));
}

constexpr std::size_t table_slots_min = 64;
constexpr std::uint64_t hash_factor = 0x9e37'79b9'7f4a'7c15ULL;

// What is merged under one key of the tally: views of encoded records.
using parts = std::map<std::string, std::vector<std::string_view>, std::less<>>;

// Writes records of one organisation.
class record_merges {
 public:
  record_merges(std::string_view org, mutations& to) : org_(org), to_(to) {}

  void add(std::string_view key, Resolution resolution, std::int64_t start, std::string_view bytes) {
    writer_.start(record_tag::cell)
        .text(org_)
        .u8(static_cast<std::uint8_t>(key[cube_at]))
        .u8(static_cast<std::uint8_t>(resolution))
        .i64(start);
    stored_.assign(writer_.str()).append(key.substr(rest_at));
    to_.merge(family::rollups, stored_, bytes);
  }
  // The sum of the parts of each key.
  void add_all(const parts& all, Resolution resolution) {
    for (auto& [key, list] : all) {
      if (list.size() == 1) {
        add(key, resolution, start_of(key), list.front());
        continue;
      }
      auto sum = merge_cell_records(list);
      if (!sum) throw machine_fault("a record of cells that was just made cannot be read");
      add(key, resolution, start_of(key), *sum);
    }
  }

 private:
  std::string_view org_;
  mutations& to_;
  key_writer writer_{record_tag::cell};
  std::string stored_;
};

}  // namespace

// An event with what several cubes ask of it.
struct cell_tally::moment {
  schema::Event::Reader event;
  std::string_view agent, team;
  std::int64_t time_us, start_us, minute, hour;
  bool is_error;
  bool has_tokens;
  int serving = -1;               // its place among the tiers that were timed
  std::string_view serving_tier;  // as it is counted
  std::int64_t serving_us = -1;

  explicit moment(schema::Event::Reader e)
      : event(e),
        agent(view_of(e.getAgentId())),
        team(view_of(e.getTeam())),
        time_us(e.getTimeUs()),
        start_us(time_us),
        minute(bucket_start(time_us, Resolution::MINUTE)),
        hour(bucket_start(time_us, Resolution::HOUR)),
        is_error(troupe::is_error(e)),
        has_tokens(e.hasTokens()) {
    auto duration = e.getDurationUs();
    if (duration > 0 && __builtin_sub_overflow(time_us, duration, &start_us)) start_us = time_us;
    serving_tier = view_of(e.getTier());
    if (serving_tier.empty()) return;
    serving = serving_place(e);
    serving_us = duration;
    if (serving < 0) return;
    auto timed = e.getLatencyByTier()[static_cast<unsigned>(serving)];
    serving_tier = view_of(timed.getTier());
    serving_us = timed.getLatencyUs();
  }

  // Everything but the time: 'hits' are the events that carry tokens.
  void count_in(rollup& to) const {
    ++to.count;
    to.errors += is_error ? 1 : 0;
    to.add_cost(event.getCostNanoUsd());
    if (!has_tokens) return;
    to.tokens.add(event.getTokens());
    ++to.hits;
  }
};

void cell_tally::row::add_duration(std::int64_t us) {
  if (us < 0) return;
  sums.add_timed(us);
  buckets.push_back(sketch_bucket(us));
}

key_writer& cell_tally::key(Cube of, std::int64_t start_us) {
  return key_.start(record_tag::cell).u8(static_cast<std::uint8_t>(of)).i64(start_us);
}

key_writer& cell_tally::name(Cube cube) { return name_.start(static_cast<record_tag>(cube)); }

key_writer& cell_tally::name_hashed(Cube cube, std::int64_t start_us, std::string_view first) {
  auto hash = checksum64(first);
  key(shape_of(cube)->record, start_us).u8(hash_record(hash));
  return name(cube).u64(hash).text(first);
}

cell_tally::row& cell_tally::cell() {
  if (rows_.size() * 2 >= table_.size()) grow();
  const auto &key = key_.str(), &name = name_.str();
  place wanted{checksum64(key) ^ checksum64(name) * hash_factor, bytes_.size(), key.size(), name.size()};
  auto mask = table_.size() - 1;
  auto slot = wanted.hash & mask;
  for (; table_[slot] != 0; slot = (slot + 1) & mask) {
    const auto& p = places_[table_[slot] - 1];
    if (p.hash == wanted.hash && key_of(p) == key && name_of(p) == name) return rows_[table_[slot] - 1];
  }
  bytes_.append(key).append(name);
  places_.push_back(wanted);
  table_[slot] = static_cast<std::uint32_t>(places_.size());
  return rows_.emplace_back();
}

void cell_tally::grow() {
  table_.assign(std::max(table_slots_min, table_.size() * 4), 0);
  auto mask = table_.size() - 1;
  for (std::size_t i = 0; i < places_.size(); ++i) {
    auto slot = places_[i].hash & mask;
    while (table_[slot] != 0) slot = (slot + 1) & mask;
    table_[slot] = static_cast<std::uint32_t>(i + 1);
  }
}

std::vector<std::uint32_t> cell_tally::sorted() const {
  std::vector<std::uint32_t> order(places_.size());
  std::iota(order.begin(), order.end(), 0U);
  // A key ends by itself: no key is the beginning of another.
  auto whole = [this](std::uint32_t i) {
    const auto& p = places_[i];
    return std::string_view(bytes_).substr(p.at, p.key_size + p.name_size);
  };
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return whole(a) < whole(b); });
  return order;
}

void cell_tally::add(schema::Event::Reader event) {
  moment m(event);
  if (counts(Cube::USAGE, Cube::TEAM)) add_usage(m);
  bool has_tiers = !m.serving_tier.empty() || event.getLatencyByTier().size() != 0;
  if (has_tiers && counts(Cube::TIER, Cube::FLOW)) add_tiers(m);
  bool is_hypothesis = !hypothesis_kind(event.getType()).empty();
  if (is_hypothesis && counts(Cube::HYPOTHESIS, Cube::HYPOTHESIS_STATE)) add_hypothesis(m);
  if (counts(Cube::BUSY)) add_busy(m);
  if ((m.has_tokens || event.getCostNanoUsd() != 0) && counts(Cube::SESSION)) add_session(m);
  if (event.getTraceId().size() != 0 && counts(Cube::TRACE)) add_trace(m);
  bool is_access = !is_hypothesis && event.getKnowledgeId().size() != 0;
  if (is_access && counts(Cube::KNOWLEDGE, Cube::CONTEXT)) add_knowledge(m);
  bool is_search = event.getQuery().size() != 0 && event.getItemsRetrieved() >= 0;
  if (is_search && counts(Cube::SEARCH)) add_search(m);
  if (event.getPeerAgentId().size() != 0 && counts(Cube::EDGE)) add_edge(m);
}

void cell_tally::add_usage(const moment& m) {
  key(Cube::USAGE, m.minute).text(m.agent);
  name(Cube::USAGE)
      .text(m.team)
      .text(type_name(m.event.getType()))
      .text(view_of(m.event.getModel()))
      .text(view_of(m.event.getProvider()))
      .text(view_of(m.event.getTool()));
  auto& usage = cell();
  m.count_in(usage.sums);
  usage.add_duration(m.event.getDurationUs());
  key(Cube::TEAM, m.minute).text(m.team);
  name(Cube::TEAM);
  auto& team = cell().sums;
  m.count_in(team);
  team.add_timed(m.event.getDurationUs());
}

void cell_tally::add_session(const moment& m) {
  auto session = view_of(m.event.getSessionId()), user = view_of(m.event.getUserId());
  if (session.empty() && user.empty()) return;
  name_hashed(Cube::SESSION, m.hour, session)
      .text(user)
      .text(m.agent)
      .text(m.team)
      .text(view_of(m.event.getModel()))
      .text(view_of(m.event.getTool()));
  auto& to = cell().sums;
  m.count_in(to);
  to.add_timed(m.event.getDurationUs());
}

void cell_tally::add_trace(const moment& m) {
  auto trace = view_of(m.event.getTraceId());
  name_hashed(Cube::TRACE, m.hour, trace).text(m.agent).text(m.team);
  auto& to = cell().sums;
  m.count_in(to);
  to.add_timed(m.event.getDurationUs());
  to.extent.add_span(m.start_us, m.time_us);
}

// Every slot from the event's start to its end, in the hours that it touches.
void cell_tally::add_busy(const moment& m) {
  if (m.time_us < -cell_time_us_max || m.time_us > cell_time_us_max) return;
  auto hour_us = bucket_us(Resolution::HOUR);
  auto from = std::max(m.start_us, m.hour - (busy_hours_max - 1) * hour_us);
  // What ended at the very beginning of a slot was not at work in it.
  auto end = std::max(from, m.time_us - 1);
  for (auto hour = bucket_start(from, Resolution::HOUR); hour <= end; hour += hour_us) {
    auto first = std::max<std::int64_t>(from - hour, 0) / busy_slot_us;
    auto last = std::min(end - hour, hour_us - 1) / busy_slot_us;
    key(Cube::BUSY, hour).text(m.agent);
    name(Cube::BUSY);
    auto& slots = cell().sums.extent.slots;
    for (auto s = first; s <= last; ++s)
      slots[static_cast<std::size_t>(s) / 64] |= 1ULL << (static_cast<std::size_t>(s) % 64);
  }
}

void cell_tally::add_flow(const moment& m, std::string_view from, std::string_view to,
                          std::int64_t latency_us) {
  key(Cube::USAGE, m.minute).text(m.agent);
  name(Cube::FLOW).text(from).text(to).text(m.team);
  auto& f = cell().sums;
  ++f.count;
  f.add_timed(latency_us);
}

// Tiers are asked in the order they are listed in, the one that served last.
void cell_tally::add_tiers(const moment& m) {
  auto asked = m.event.getLatencyByTier();
  std::string_view before = "query";
  std::int64_t before_us = -1;
  auto ask = [&](std::string_view tier, std::int64_t latency_us) -> rollup& {
    add_flow(m, before, tier, before_us);
    before = tier, before_us = latency_us;
    name(Cube::TIER).text(tier).text(m.team);
    auto& t = cell();
    ++t.sums.count;
    t.add_duration(latency_us);
    return t.sums;
  };
  for (unsigned i = 0; i < asked.size(); ++i) {
    if (static_cast<int>(i) == m.serving) continue;
    auto& t = ask(view_of(asked[i].getTier()), asked[i].getLatencyUs());
    if (m.is_error && m.serving_tier.empty()) ++t.errors;
  }
  if (m.serving_tier.empty()) return add_flow(m, before, "miss", before_us);
  auto& t = ask(m.serving_tier, m.serving_us);
  // Whoever found nothing did not serve, though it was the last to be asked.
  bool found = m.event.getItemsRetrieved() != 0;
  t.hits += found ? 1 : 0;
  t.errors += m.is_error ? 1 : 0;
  t.add_cost(m.event.getCostNanoUsd());
  if (m.has_tokens) t.tokens.add(m.event.getTokens());
  add_flow(m, before, found ? "hit" : "miss", before_us);
}

void cell_tally::add_knowledge(const moment& m) {
  auto item = view_of(m.event.getKnowledgeId());
  key(Cube::KNOWLEDGE, m.minute).text(item);
  name(Cube::KNOWLEDGE).text(m.agent).text(m.team).text(m.serving_tier);
  auto& k = cell().sums;
  ++k.count;
  k.errors += m.is_error ? 1 : 0;
  k.add_timed(m.serving_us >= 0 ? m.serving_us : m.event.getDurationUs());
  k.extent.add_span(m.time_us, m.time_us);
  auto context = view_of(m.event.getSessionId());
  if (context.empty()) context = view_of(m.event.getTraceId());
  if (context.empty()) return;
  name_hashed(Cube::CONTEXT, m.hour, context).text(m.agent).text(m.team).text(item);
  ++cell().sums.count;
}

void cell_tally::add_search(const moment& m) {
  auto text = search_text(view_of(m.event.getQuery()));
  if (text.empty()) return;
  bool found = m.event.getItemsRetrieved() > 0;
  key(Cube::SEARCH, m.minute).text(text);
  name(Cube::SEARCH).text(found ? "hit" : "miss").text(m.agent).text(m.team);
  auto& s = cell().sums;
  ++s.count;
  s.hits += found ? 1 : 0;
  s.add_timed(m.event.getDurationUs());
  s.extent.add_span(m.time_us, m.time_us);
}

void cell_tally::add_hypothesis(const moment& m) {
  auto kind = hypothesis_kind(m.event.getType());
  key(Cube::USAGE, m.minute).text(m.agent);
  name(Cube::HYPOTHESIS).text(kind).text(m.team);
  ++cell().sums.count;
  auto attributes = view_of(m.event.getAttributes());
  auto id = view_of(m.event.getKnowledgeId());
  if (id.empty()) id = attribute_text(attributes, "hypothesis_id");
  std::string own;
  if (id.empty()) id = own = to_string(uuid{m.event.getId().getHigh(), m.event.getId().getLow()});
  auto label = view_of(m.event.getQuery());
  if (label.empty()) label = attribute_text(attributes, "hypothesis");
  key(Cube::HYPOTHESIS_STATE, 0).text(id);
  name(Cube::HYPOTHESIS_STATE).text(kind).text(m.agent).text(m.team).text(cut_text(label, label_bytes_max));
  auto& h = cell().sums;
  ++h.count;
  h.extent.add_span(m.time_us, m.time_us);
}

void cell_tally::add_edge(const moment& m) {
  auto peer = view_of(m.event.getPeerAgentId());
  if (peer == m.agent) return;
  key(Cube::EDGE, m.minute).text(m.agent);
  name(Cube::EDGE).text(peer).text(m.team);
  auto& e = cell().sums;
  m.count_in(e);
  e.add_timed(m.event.getDurationUs());
  e.extent.add_span(m.start_us, m.time_us);
}

void cell_tally::write(std::string_view org, mutations& to) const {
  record_merges merges(org, to);
  parts hours, days;
  std::deque<std::string> kept;
  cell_record_writer record;
  auto order = sorted();
  for (std::size_t i = 0; i < order.size();) {
    auto key = key_of(places_[order[i]]);
    record.start();
    for (; i < order.size() && key_of(places_[order[i]]) == key; ++i) {
      const auto& r = rows_[order[i]];
      record.row(name_of(places_[order[i]]), r.sums, r.buckets);
    }
    auto cube = static_cast<Cube>(static_cast<std::uint8_t>(key[cube_at]));
    auto start = start_of(key);
    switch (shape_of(cube)->spans) {
      case cell_spans::timeless: merges.add(key, Resolution::DAY, 0, record.bytes()); break;
      case cell_spans::hours:
        if (cube == Cube::BUSY)  // with the agent's usage
          hours[with(Cube::USAGE, start, key)].push_back(kept.emplace_back(record.bytes()));
        else
          merges.add(key, Resolution::HOUR, start, record.bytes());
        break;
      case cell_spans::all:
      case cell_spans::fine: {
        merges.add(key, Resolution::MINUTE, start, record.bytes());
        auto& bytes = kept.emplace_back(record.bytes());
        hours[with(cube, bucket_start(start, Resolution::HOUR), key)].push_back(bytes);
        if (shape_of(cube)->spans == cell_spans::all)
          days[with(cube, bucket_start(start, Resolution::DAY), key)].push_back(bytes);
        break;
      }
    }
  }
  merges.add_all(hours, Resolution::HOUR);
  merges.add_all(days, Resolution::DAY);
}

}  // namespace troupe::insight
