#include "machine.hpp"

#include <algorithm>
#include <vector>

#include "activity.hpp"
#include "keys.hpp"
#include "protocol/flat_builder.hpp"
#include "protocol/records.hpp"
#include "tally.hpp"

namespace troupe::events {

namespace {

using events_reader = capnp::List<schema::Event>::Reader;

// Room for what apply adds to an event: organisation, team, and the growth of an older struct.
constexpr std::size_t event_words_added = 64;
// Of an event's indexes, roughly: to size the memory once.
constexpr std::size_t index_bytes = 512;

// The edge gives every event an id. One that has none gets its own, the same on every replica.
uuid id_of(schema::Event::Reader event, std::uint32_t index, const stamp& at) {
  uuid id{event.getId().getHigh(), event.getId().getLow()};
  if (!id.is_nil()) return id;
  // An odd multiplier keeps the ids of one batch apart; sums keep their order within the millisecond.
  return make_uuid_v7(at.time_us, at.entropy_high + index, at.entropy_low + index * 0x9e37'79b9'7f4a'7c15ULL);
}

enum class verdict : std::uint8_t { accepted, duplicate, rejected };

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
  void judge_repeats();
  void store();
  void store_one(schema::Event::Reader event, const uuid& id, event_seq seq,
                 capnp::List<schema::Event>::Builder told, unsigned slot);
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
  event_seq last_seq_;
  flat_builder builder_;
  key_writer key_{record_tag::event};
  outcome out_;
};

void append::judge() {
  judged_.resize(events_.size());
  for (unsigned i = 0; i < events_.size(); ++i) {
    auto event = events_[i];
    auto& j = judged_[i];
    j.id = id_of(event, i, at_);
    if (event.getAgentId().size() == 0)
      j.is = verdict::rejected;
    else if (before_.get(family::events, by_id_key(key_, view_of(org_), j.id)))
      j.is = verdict::duplicate;
  }
  judge_repeats();
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

void append::store() {
  auto accepted = count(verdict::accepted);
  auto words = events_.totalSize().wordCount;
  flat_builder telling;
  auto fact = telling.start(words + accepted * event_words_added + text_words(org_.size()) + 64)
                  .initRoot<schema::Fact>();
  fact.setOrg(org_);
  auto appended = fact.initEventsAppended();
  appended.setFirstSeq(last_seq_.value + 1);
  auto told = appended.initEvents(accepted);
  out_.changes.reserve(words * sizeof(capnp::word) + accepted * index_bytes);
  unsigned slot = 0;
  for (unsigned i = 0; i < events_.size(); ++i) {
    if (judged_[i].is != verdict::accepted) continue;
    last_seq_ = event_seq(last_seq_.value + 1);
    store_one(events_[i], judged_[i].id, last_seq_, told, slot++);
  }
  out_.facts.emplace_back(telling.bytes());
  agents_.write(out_);
  write_counters();
  tally_.write(view_of(org_), out_.changes);
}

void append::store_one(schema::Event::Reader event, const uuid& id, event_seq seq,
                       capnp::List<schema::Event>::Builder told, unsigned slot) {
  auto org = view_of(org_);
  auto team = agents_.count(event);
  auto& message = builder_.start(event.totalSize().wordCount + event_words_added + text_words(org.size()) +
                                 text_words(team.size()));
  message.setRoot(event);
  auto record = message.getRoot<schema::Event>();
  record.setOrg(org_);
  record.setReceivedUs(at_.time_us);
  if (event.getId().getHigh() != id.high || event.getId().getLow() != id.low) {
    auto given = record.initId();
    given.setHigh(id.high);
    given.setLow(id.low);
  }
  if (event.getTeam().size() == 0) set_text([&](unsigned n) { return record.initTeam(n); }, team);
  auto& to = out_.changes;
  auto bytes = builder_.bytes();
  to.put(family::events, event_key(key_, seq), bytes);
  to.put(family::events, by_id_key(key_, org, id), encode_seq(seq));
  to.put(family::events, by_time_key(key_, org, event.getTimeUs(), seq), {});
  to.put(family::events, by_agent_key(key_, org, view_of(event.getAgentId()), event.getTimeUs(), seq), {});
  if (auto trace = view_of(event.getTraceId()); !trace.empty())
    to.put(family::events, by_trace_key(key_, org, trace, event.getTimeUs(), seq), {});
  told.setWithCaveats(slot, record.asReader());
  tally_.add(event);
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
  if (auto n = count(verdict::rejected)) {
    auto list = appended.initRejected(n);
    unsigned slot = 0;
    for (unsigned i = 0; i < judged_.size(); ++i) {
      if (judged_[i].is != verdict::rejected) continue;
      list[slot].setIndex(i);
      list[slot].setField("agent_id");
      list[slot++].setError("agent_id is empty: say which agent did it");
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
  key_writer key(record_tag::event_by_id);
  std::vector<std::string_view> agents;
  for (unsigned i = 0; i < events.size(); ++i) {
    keys.add(family::events, by_id_key(key, org, id_of(events[i], i, at)));
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
  return append(before, command, at).run();
}

}  // namespace troupe::events
