#include "storage/applier.hpp"

#include <algorithm>
#include <limits>

#include "protocol/key.hpp"
#include "protocol/limits.hpp"
#include "protocol/message.hpp"
#include "protocol/request_key.hpp"
#include "protocol/schema/agent.capnp.h"
#include "protocol/schema/storage.capnp.h"
#include "storage/entry.hpp"

namespace troupe::storage {

namespace {

using body = schema::Command::Body;

constexpr std::string_view applied_name = "applied";
// A run is handed over at this size. Larger ones gain little more.
constexpr std::size_t run_bytes_max = 384 * 1024;
constexpr int expired_dropped_max = 2;
constexpr auto never = std::numeric_limits<std::int64_t>::max();

std::string applied_key(shard_id shard) { return shard_key(shard, applied_name); }
std::string counters_key() { return key_writer(record_tag::counters).str(); }

std::string applied_state(log_index at, term entry_term, std::int64_t stamp_us) {
  capnp::MallocMessageBuilder message(16);
  auto state = message.initRoot<schema::AppliedState>();
  state.setIndex(at.value);
  state.setTerm(entry_term.value);
  state.setStampUs(stamp_us);
  return to_bytes(message);
}

event_seq seq_in(std::string_view counters) {
  return event_seq(message_reader(counters).root<schema::Counters>().getLastSeq());
}

event_seq last_seq_of(const kv_reader& store, shard_id shard) {
  auto counters = store.get(column::state, shard_key(shard, counters_key()));
  return counters ? seq_in(*counters) : event_seq(0);
}

std::string reply_key(std::string_view org, std::string_view key) {
  return key_writer(record_tag::reply).text(org).text(key).str();
}

std::int64_t due_in(std::string_view outbox_key) {
  key_reader in(outbox_key);
  in.tag();
  return in.i64();
}

void answer_due_timers(const kv_reader& store, shard_id shard, std::int64_t now_us,
                       schema::QueryResult::Builder out) {
  std::vector<std::string> due;
  std::int64_t next_us = 0;
  shard_records(store, shard).scan(family::outbox, {}, {}, [&](std::string_view key, std::string_view) {
    if (due_in(key) > now_us || due.size() == limits::due_timers_max) {
      next_us = due_in(key);
      return false;
    }
    due.emplace_back(key);
    return true;
  });
  auto timers = out.initDueTimers();
  timers.setNextUs(next_us);
  auto keys = timers.initKeys(static_cast<unsigned>(due.size()));
  for (unsigned i = 0; i < keys.size(); ++i) keys.set(i, data_of(due[i]));
}

void begin_after_stored(recent_ids& ids, const kv_reader& store, shard_id shard) {
  for (auto& first : {recent_ids::first_key(), id_window::prefix()}) {
    auto newest = first;
    shard_records(store, shard).scan_down(family::events, first, prefix_end(first), [&](auto key, auto) {
      newest = key;
      return false;
    });
    ids.begin_after(newest);
  }
}

std::string with_index(std::string_view reply, log_index at) {
  message_reader reader(reply);
  capnp::MallocMessageBuilder message;
  message.setRoot(reader.root<schema::Reply>());
  message.getRoot<schema::Reply>().setIndex(at.value);
  return to_bytes(message);
}

}  // namespace

struct applier::work {
  stamp at;
  term entry_term;
  schema::Command::Reader command;
  std::string cached_key;     // where the reply is remembered, empty: nowhere
  std::int64_t timer_us = 0;  // the earliest outbox record made, 0: none
  std::optional<generation_change> sealed;
  applied_entry out;
};

applier::applier(shard_id shard, generation of, epoch history, kv& store, const machine_set& machines)
    : shard_(shard), generation_(of), history_(history), store_(store), machines_(machines), run_(shard) {
  load();
}

void applier::load() {
  run_.clear();
  recent_ = recent_ids();
  cache_.clear();
  earliest_expiry_us_ = 0;
  earliest_in_run_us_ = never;
  applied_ = log_index(0);
  applied_term_ = term(0);
  last_stamp_us_ = 0;
  if (auto bytes = store_.latest().get(column::meta, applied_key(shard_))) {
    message_reader reader(*bytes);
    auto state = reader.root<schema::AppliedState>();
    applied_ = log_index(state.getIndex());
    applied_term_ = term(state.getTerm());
    last_stamp_us_ = state.getStampUs();
  }
  written_out_ = applied_;
  last_seq_ = last_seq_of(store_.latest(), shard_);
  next_ = load_change(store_.latest(), shard_, generation(generation_.value + 1));
}

applied_entry applier::apply(log_index at, term entry_term, std::string_view entry) {
  must(at.value == applied_.value + 1, "entries are applied in order, each once");
  must(!next_, "nothing is applied after the seal");
  auto decoded = decode_entry(entry);
  if (!decoded) throw storage_fault("entry " + std::to_string(at.value) + " " + decoded.error().detail);
  if (decoded->at.level > machines_.level)
    throw storage_fault("entry " + std::to_string(at.value) + " is of behaviour level " +
                            std::to_string(decoded->at.level) + ", this version can do " +
                            std::to_string(machines_.level) + ": install a newer version",
                        errc::unsupported);
  work w;
  w.at = decoded->at;
  w.at.index = at;
  w.at.time_us = std::max(w.at.time_us, last_stamp_us_);
  w.entry_term = entry_term;
  // What expires is looked for in the store.
  if (run_.bytes() >= run_bytes_max || w.at.time_us >= earliest_in_run_us_) write_out();
  auto begin = run_.bytes();
  run(w, decoded->command);
  last_stamp_us_ = w.at.time_us;
  w.out.changes = run_.changes(begin);
  advance(at, entry_term);
  next_ = std::move(w.sealed);
  return std::move(w.out);
}

void applier::skip(log_index at, term entry_term) {
  must(at.value == applied_.value + 1, "entries are applied in order, each once");
  advance(at, entry_term);
}

void applier::advance(log_index at, term entry_term) {
  applied_ = at;
  applied_term_ = entry_term;
}

void applier::stage_fresh(kv_batch& batch, shard_id shard, log_index at, term entry_term) {
  batch.put(column::meta, applied_key(shard), applied_state(at, entry_term, 0));
}

void applier::write_out() {
  if (written_out_ == applied_) return;
  auto batch = store_.make_batch();
  run_.stage(*batch);
  auto state = applied_state(applied_, applied_term_, last_stamp_us_);
  batch->put(column::meta, applied_key(shard_), state);
  if (companion_) companion_(*batch, applied_, applied_term_);
  auto written = store_.write(*batch, durability::unlogged);
  if (!written) throw storage_fault(written.error().detail, written.error().code);
  if (tell_) tell_(run_.changes(0), state);
  written_out_ = applied_;
  run_.clear();
  earliest_in_run_us_ = never;
}

std::optional<std::string> applier::get(column c, std::string_view key) const {
  auto known = run_.find(c, key);
  if (!known) return store_.latest().get(c, shard_key(shard_, key));
  if (!*known) return std::nullopt;
  return std::string(**known);
}

void applier::run(work& w, std::string_view command) {
  message_reader reader(command);
  w.command = reader.root<schema::Command>();
  if (w.command.getBody().which() == body::FIRE_TIMER) {
    auto key = view_of(w.command.getBody().getFireTimer());
    auto due = get(column::outbox, key);
    if (!due) {  // fired before, or called off
      w.out.reply = with_index(done_reply(), w.at.index);
      return;
    }
    run_.erase(column::outbox, key);
    message_reader record(*due);
    std::string inner(view_of(record.root<schema::OutboxRecord>().getCommand()));
    run(w, inner);
    return;
  }
  if (answer_from_cache(w)) return;
  if (w.command.getBody().which() == body::SEAL)
    run_seal(w);
  else if (w.command.getBody().which() == body::NOOP) {
    w.out.takes_digest = w.command.getTakeDigest();
    w.out.reply = with_index(done_reply(), w.at.index);
  } else
    run_machine(w);
  remember_reply(w);
}

bool applier::answer_from_cache(work& w) {
  auto key = view_of(w.command.getIdempotencyKey());
  if (key.empty()) return false;
  w.cached_key = reply_key(view_of(w.command.getOrg()), key);
  auto bytes = get(column::state, w.cached_key);
  if (!bytes) return false;
  message_reader reader(*bytes);
  auto cached = reader.root<schema::CachedReply>();
  // A drawn key is never used anew: as long as its reply is there it counts, whatever a new leader's clock says.
  if (!is_drawn_key(key) && cached.getExpiresUs() <= w.at.time_us) return false;
  if (cached.getFingerprint() != w.command.getFingerprint())
    w.out.reply = with_index(
        refusal(errc::idempotency_mismatch,
                "this Idempotency-Key was used for another request: send a new key", "Idempotency-Key"),
        w.at.index);
  else
    w.out.reply = std::string(view_of(cached.getReply()));
  return true;
}

void applier::remember_reply(work& w) {
  if (w.cached_key.empty()) return;
  bool drawn = is_drawn_key(view_of(w.command.getIdempotencyKey()));
  auto expires = w.at.time_us + (drawn ? drawn_reply_cache_ms : limits::reply_cache_ms) * 1000;
  capnp::MallocMessageBuilder message;
  auto cached = message.initRoot<schema::CachedReply>();
  cached.setFingerprint(w.command.getFingerprint());
  cached.setExpiresUs(expires);
  cached.setReply(data_of(w.out.reply));
  run_.put(column::state, w.cached_key, to_bytes(message));
  run_.put(column::state, key_writer(record_tag::reply_expiry).i64(expires).text(w.cached_key).str(), {});
  earliest_expiry_us_ = std::min(earliest_expiry_us_, expires);
  earliest_in_run_us_ = std::min(earliest_in_run_us_, expires);
  drop_expired(w);
}

// Every remembered reply takes up to two expired ones with it, so that the cache cannot grow for ever.
void applier::drop_expired(work& w) {
  if (w.at.time_us < earliest_expiry_us_) return;
  struct expiry {
    std::string key, of;
    std::int64_t at_us = 0;
  };
  std::vector<expiry> first;
  auto from = key_writer(record_tag::reply_expiry).str();
  shard_records(store_.latest(), shard_).scan(family::state, from, prefix_end(from), [&](auto key, auto) {
    if (run_.find(column::state, key)) return true;  // dropped by this run
    key_reader in(key);
    in.tag();
    expiry e{std::string(key), {}, in.i64()};
    e.of = in.text();
    first.push_back(std::move(e));
    return first.size() <= expired_dropped_max;
  });
  int dropped = 0;
  earliest_expiry_us_ = earliest_in_run_us_;
  for (auto& e : first) {
    if (e.at_us > w.at.time_us || dropped++ == expired_dropped_max) {
      earliest_expiry_us_ = std::min(earliest_expiry_us_, e.at_us);
      return;
    }
    run_.erase(column::state, e.key);
    // Its key may have been used anew since: then that record lives on.
    auto bytes = e.of == w.cached_key ? std::nullopt : get(column::state, e.of);
    if (bytes && message_reader(*bytes).root<schema::CachedReply>().getExpiresUs() <= w.at.time_us)
      run_.erase(column::state, e.of);
  }
}

void applier::run_machine(work& w) {
  auto which = w.command.getBody().which();
  auto* m = machines_.of(which);
  if (!m) throw machine_fault("no machine knows command " + std::to_string(static_cast<int>(which)));
  read_set keys;
  m->reads(w.command, w.at, keys);
  if (!recent_.knows_newest()) begin_after_stored(recent_, store_.latest(), shard_);
  loaded_view before(store_.latest(), run_, recent_, cache_, shard_, keys);
  auto result = m->apply(before, w.command, w.at);
  stage(w, result.changes, before);
  w.out.reply = with_index(result.reply, w.at.index);
  if (!result.facts.empty() || w.timer_us != 0) w.out.feed = feed_of(w, result.facts);
}

void applier::run_seal(work& w) {
  auto seal = w.command.getBody().getSeal();
  generation_change next{generation(seal.getGeneration()), {}, {w.at.index, w.entry_term}};
  for (auto v : seal.getVoters()) next.voters.emplace_back(v);
  auto sorted = next.voters;
  std::sort(sorted.begin(), sorted.end());
  bool sound = !sorted.empty() && sorted.size() <= limits::voters_max && sorted.front().value != 0 &&
               std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end();
  std::string reply = done_reply();
  if (next.generation.value != generation_.value + 1)
    reply = refusal(errc::conflict,
                    "the shard is in generation " + std::to_string(generation_.value) + ": look again",
                    "generation");
  else if (!sound)
    reply = refusal(errc::invalid_argument,
                    "a generation has 1 to " + std::to_string(limits::voters_max) + " voters, all different",
                    "voters");
  else {
    run_.put(column::meta, change_name(next.generation), encode_change(next));
    w.sealed = std::move(next);
  }
  w.out.reply = with_index(reply, w.at.index);
}

void applier::stage(work& w, const mutations& changes, const loaded_view& before) {
  auto counters = counters_key();
  changes.for_each([&](mutation_kind kind, family f, std::string_view key, std::string_view value) {
    switch (kind) {
      case mutation_kind::put_kept:
        if (auto previous = before.get(f, key))
          run_.put(column::history,
                   key_writer(record_tag::history).text(key).u64_descending(w.at.index.value).str(),
                   *previous);
        [[fallthrough]];
      case mutation_kind::put:
        run_.put(column_of(f), key, value);
        if (f == family::events) recent_.note(key);
        if (f == family::state) cache_.changed(key, value);
        if (f == family::state && key == counters) last_seq_ = seq_in(value);
        if (f == family::outbox) w.timer_us = std::min(w.timer_us ? w.timer_us : due_in(key), due_in(key));
        break;
      case mutation_kind::erase:
        run_.erase(column_of(f), key);
        if (f == family::state) cache_.changed(key, std::nullopt);
        break;
      case mutation_kind::merge:
        run_.merge(column_of(f), key, value);
        if (f == family::events) recent_.note_group(key, value);
        break;
    }
  });
}

// As far as it is certain to be in the store after a crash.
log_index applier::flushed() const {
  auto bytes = store_.flushed(column::meta, applied_key(shard_));
  if (!bytes) return log_index(0);
  return log_index(message_reader(*bytes).root<schema::AppliedState>().getIndex());
}

std::string applier::feed_of(const work& w, const std::vector<std::string>& facts) const {
  capnp::MallocMessageBuilder message;
  auto feed = message.initRoot<schema::Feed>();
  feed.setShard(shard_.value);
  feed.setIndex(w.at.index.value);
  feed.setEpoch(history_.value);
  feed.setLastSeq(last_seq_.value);
  feed.setTimerUs(w.timer_us);
  auto list = feed.initFacts(static_cast<unsigned>(facts.size()));
  for (unsigned i = 0; i < list.size(); ++i) list.set(i, data_of(facts[i]));
  return to_bytes(message);
}

std::string applier::answer(const kv_reader& store, shard_id shard, epoch history,
                            const machine_set& machines, std::string_view query, std::uint32_t stale_ms,
                            query_cache* cache) {
  capnp::MallocMessageBuilder message;
  auto out = message.initRoot<schema::QueryResult>();
  out.setStaleMs(stale_ms);
  out.setShard(shard.value);
  out.setEpoch(history.value);
  out.setLastSeq(last_seq_of(store, shard).value);
  if (auto bytes = store.get(column::meta, applied_key(shard)))
    out.setReadIndex(message_reader(*bytes).root<schema::AppliedState>().getIndex());
  message_reader reader(query);
  auto q = reader.root<schema::Query>();
  if (q.which() == schema::Query::DUE_TIMERS) {
    answer_due_timers(store, shard, q.getDueTimers(), out);
  } else if (auto* handler = machines.of(q.which())) {
    handler->answer(shard_records(store, shard, cache), q, out);
  } else {
    refuse(out, errc::unsupported, "this node does not know that query: it may run an older version");
  }
  return to_bytes(message);
}

}  // namespace troupe::storage
