#include "machine.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <vector>

#include "activity.hpp"
#include "actors/insight/cell_tally.hpp"
#include "keys.hpp"
#include "protocol/flat_builder.hpp"
#include "protocol/id_window.hpp"
#include "protocol/limits.hpp"
#include "protocol/records.hpp"
#include "spans.hpp"
#include "tally.hpp"

namespace troupe::events {

namespace {

using events_reader = capnp::List<schema::Event>::Reader;

// Room for what apply adds to an event besides organisation and team: an id, and the growth of an older struct.
constexpr std::size_t event_words_added = 16;
// Of an event's indexes and rollups, roughly: to size the memory once.
constexpr std::size_t index_bytes = 384;

// The edge gives every event an id. One that has none gets its own, the same on every replica.
uuid id_of(schema::Event::Reader event, std::uint32_t index, const stamp& at) {
  uuid id{event.getId().getHigh(), event.getId().getLow()};
  if (!id.is_nil()) return id;
  // An odd multiplier keeps the ids of one batch apart; sums keep their order within the millisecond.
  return make_uuid_v7(at.time_us, at.entropy_high + index, at.entropy_low + index * 0x9e37'79b9'7f4a'7c15ULL);
}

enum class verdict : std::uint8_t { accepted, duplicate, without_agent, too_many_tiers };

bool is_rejected(verdict v) { return v == verdict::without_agent || v == verdict::too_many_tiers; }

struct judged {
  uuid id;
  verdict is = verdict::accepted;
};

class append {
 public:
  append(const view& before, schema::Command::Reader command, const stamp& at)
      : before_(before),
        at_(at),
        org_(command.getOrg()),
        events_(command.getBody().getAppendEvents().getEvents()),
        agents_(before, org_, at) {}

  outcome run() {
    if (auto bytes = before_.get(family::state, counters_key()))
      last_seq_ = event_seq(message_reader(*bytes).root<schema::Counters>().getLastSeq());
    judge();
    if (count(verdict::accepted) > 0) store();
    out_.reply = reply();
    return std::move(out_);
  }

 private:
  void judge();
  bool is_stored(const uuid& id);
  void judge_repeats();
  void store();
  void complete(schema::Event::Builder record, const uuid& id, std::string_view team);
  void write_ids(event_seq before_first);
  void write_counters();
  std::string reply() const;
  unsigned count(verdict v) const {
    return static_cast<unsigned>(
        std::count_if(judged_.begin(), judged_.end(), [&](auto& j) { return j.is == v; }));
  }

  const view& before_;
  const stamp& at_;
  capnp::Text::Reader org_;
  events_reader events_;
  std::vector<judged> judged_;
  activity agents_;
  tally tally_;
  insight::cell_tally cells_;
  event_seq last_seq_;
  flat_builder builder_;
  spans spans_;
  key_writer key_{record_tag::event_block};
  // The record of the window that was looked at last.
  std::optional<std::uint64_t> window_;
  std::optional<std::string_view> window_record_;
  outcome out_;
};

void append::judge() {
  judged_.resize(events_.size());
  for (unsigned i = 0; i < events_.size(); ++i) {
    auto event = events_[i];
    auto& j = judged_[i];
    j.id = id_of(event, i, at_);
    if (event.getAgentId().size() == 0)
      j.is = verdict::without_agent;
    else if (event.getLatencyByTier().size() > limits::list_items_max)
      j.is = verdict::too_many_tiers;
    else if (is_stored(j.id))
      j.is = verdict::duplicate;
  }
  judge_repeats();
}

bool append::is_stored(const uuid& id) {
  if (before_.get(family::events, by_id_key(key_, view_of(org_), id))) return true;
  if (!id_window::holds_time(id)) return false;
  if (auto number = id_window::number_of(id); window_ != number) {
    window_ = number;
    window_record_ = before_.get(family::events, id_window::key(key_, view_of(org_), number));
  }
  return window_record_ && id_window::find(*window_record_, id);
}

// Of several events with one id in the batch the first one counts.
void append::judge_repeats() {
  std::vector<unsigned> order;
  order.reserve(judged_.size());
  for (unsigned i = 0; i < judged_.size(); ++i)
    if (judged_[i].is == verdict::accepted) order.push_back(i);
  std::sort(order.begin(), order.end(), [&](unsigned a, unsigned b) {
    return std::pair{judged_[a].id, a} < std::pair{judged_[b].id, b};
  });
  for (std::size_t i = 1; i < order.size(); ++i)
    if (judged_[order[i]].id == judged_[order[i - 1]].id) judged_[order[i]].is = verdict::duplicate;
}

// The fact that tells of the events is also the record that keeps them.
void append::store() {
  auto accepted = count(verdict::accepted);
  auto words = events_.totalSize().wordCount;
  flat_builder telling;
  auto fact = telling.start(words + accepted * (event_words_added + text_words(org_.size())) + 64)
                  .initRoot<schema::Fact>();
  fact.setOrg(org_);
  auto appended = fact.initEventsAppended();
  appended.setFirstSeq(last_seq_.value + 1);
  auto told = appended.initEvents(accepted);
  out_.changes.reserve(words * sizeof(capnp::word) + accepted * index_bytes);
  unsigned slot = 0;
  for (unsigned i = 0; i < events_.size(); ++i) {
    if (judged_[i].is != verdict::accepted) continue;
    auto event = events_[i];
    told.setWithCaveats(slot, event);
    complete(told[slot], judged_[i].id, agents_.count(event));
    tally_.add(event);
    cells_.add(told[slot++].asReader());
    spans_.add(event);
  }
  last_seq_ = event_seq(last_seq_.value + accepted);
  out_.facts.emplace_back(telling.bytes());
  out_.changes.put(family::events, block_key(key_, last_seq_), out_.facts.back());
  write_ids(event_seq(last_seq_.value - accepted));
  spans_.write(view_of(org_), last_seq_, out_.changes);
  agents_.write(out_);
  write_counters();
  tally_.write(view_of(org_), out_.changes);
  cells_.write(view_of(org_), out_.changes);
}

void append::complete(schema::Event::Builder record, const uuid& id, std::string_view team) {
  record.setOrg(org_);
  record.setReceivedUs(at_.time_us);
  if (record.asReader().getId().getHigh() != id.high || record.asReader().getId().getLow() != id.low) {
    auto given = record.initId();
    given.setHigh(id.high);
    given.setLow(id.low);
  }
  if (record.asReader().getTeam().size() == 0) set_text([&](unsigned n) { return record.initTeam(n); }, team);
}

void append::write_ids(event_seq seq) {
  std::map<std::uint64_t, id_group> windows;
  auto first = event_seq(seq.value + 1);
  for (auto& j : judged_) {
    if (j.is != verdict::accepted) continue;
    seq = event_seq(seq.value + 1);
    if (id_window::keeps(j.id, at_.time_us))
      windows.try_emplace(id_window::number_of(j.id), first).first->second.add(j.id, seq);
    else
      out_.changes.put(family::events, by_id_key(key_, view_of(org_), j.id), encode_seq(seq));
  }
  for (auto& [number, group] : windows)
    out_.changes.merge(family::events, id_window::key(key_, view_of(org_), number), group.bytes());
}

void append::write_counters() {
  auto counters = builder_.start(16).initRoot<schema::Counters>();
  counters.setLastSeq(last_seq_.value);
  out_.changes.put(family::state, counters_key(), builder_.bytes());
}

std::string append::reply() const {
  capnp::MallocMessageBuilder message(64);
  auto appended = message.initRoot<schema::Reply>().initEventsAppended();
  appended.setAccepted(count(verdict::accepted));
  appended.setDuplicates(count(verdict::duplicate));
  appended.setLastSeq(last_seq_.value);
  if (auto n = count(verdict::without_agent) + count(verdict::too_many_tiers)) {
    auto list = appended.initRejected(n);
    unsigned slot = 0;
    for (unsigned i = 0; i < judged_.size(); ++i) {
      if (!is_rejected(judged_[i].is)) continue;
      bool agent = judged_[i].is == verdict::without_agent;
      list[slot].setIndex(i);
      list[slot].setField(agent ? "agent_id" : "latency_by_tier_ms");
      list[slot++].setError(agent ? "agent_id is empty: say which agent did it" : "has too many tiers");
    }
  }
  return to_bytes(message);
}

}  // namespace

bool event_machine::handles(schema::Command::Body::Which command) const {
  return command == schema::Command::Body::APPEND_EVENTS;
}

void event_machine::reads(schema::Command::Reader command, const stamp& at, read_set& keys) const {
  auto org = view_of(command.getOrg());
  auto events = command.getBody().getAppendEvents().getEvents();
  if (events.size() > limits::events_per_entry_max) return;
  key_writer key(record_tag::event_by_id);
  std::vector<std::string_view> agents;
  std::optional<std::uint64_t> window;
  for (unsigned i = 0; i < events.size(); ++i) {
    auto id = id_of(events[i], i, at);
    keys.add(family::events, by_id_key(key, org, id));
    if (id_window::holds_time(id) && window != id_window::number_of(id)) {
      window = id_window::number_of(id);
      keys.add(family::events, id_window::key(key, org, *window));
    }
    auto agent = view_of(events[i].getAgentId());
    if (agents.empty() || agents.back() != agent) agents.push_back(agent);
  }
  std::sort(agents.begin(), agents.end());
  agents.erase(std::unique(agents.begin(), agents.end()), agents.end());
  for (auto agent : agents) {
    keys.add(family::state, agent_key(org, agent));
    keys.add(family::state, agent_activity_key(org, agent));
  }
  keys.add(family::state, counters_key());
}

outcome event_machine::apply(const view& before, schema::Command::Reader command, const stamp& at) const {
  auto count = command.getBody().getAppendEvents().getEvents().size();
  if (count > limits::events_per_entry_max)
    return {{},
            refusal(errc::too_large, std::to_string(count) + " events in one entry: at most " +
                                         std::to_string(limits::events_per_entry_max) + " are taken"),
            {}};
  return append(before, command, at).run();
}

}  // namespace troupe::events
