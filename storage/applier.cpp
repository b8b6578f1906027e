#include "storage/applier.hpp"

#include "protocol/key.hpp"
#include "protocol/limits.hpp"
#include "protocol/message.hpp"
#include "protocol/schema/agent.capnp.h"
#include "protocol/schema/storage.capnp.h"
#include "storage/entry.hpp"

namespace troupe::storage {

namespace {

using body = schema::Command::Body;

std::string applied_key(shard_id shard) { return shard_key(shard, "applied"); }
std::string counters_key() { return key_writer(record_tag::counters).str(); }

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

// A key may have been used anew since: then its record lives on.
bool has_expired(const kv_reader& store, const std::string& key, std::int64_t now_us) {
  auto bytes = store.get(column::state, key);
  return bytes && message_reader(*bytes).root<schema::CachedReply>().getExpiresUs() <= now_us;
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
  std::unique_ptr<kv_batch> batch;
  schema::Command::Reader command;
  std::string cached_key;     // where the reply is remembered, empty: nowhere
  std::int64_t timer_us = 0;  // the earliest outbox record made, 0: none
  applied_entry out;
};

applier::applier(shard_id shard, epoch history, kv& store, const machine_set& machines)
    : shard_(shard), history_(history), store_(store), machines_(machines) {
  load();
}

void applier::load() {
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
  last_seq_ = last_seq_of(store_.latest(), shard_);
}

applied_entry applier::apply(log_index at, term entry_term, std::string_view entry) {
  must(at.value == applied_.value + 1, "entries are applied in order, each once");
  auto decoded = decode_entry(entry);
  if (!decoded) throw storage_fault("entry " + std::to_string(at.value) + " " + decoded.error().detail);
  work w;
  w.at = decoded->at;
  w.at.index = at;
  w.at.time_us = std::max(w.at.time_us, last_stamp_us_);
  w.entry_term = entry_term;
  w.batch = store_.make_batch();
  auto seq_before = last_seq_;
  run(w, decoded->command);
  last_stamp_us_ = w.at.time_us;
  stage_applied(*w.batch, at, entry_term);
  auto written = store_.write(*w.batch, durability::lazy);
  if (!written) {
    last_seq_ = seq_before;
    throw storage_fault(written.error().detail, written.error().code);
  }
  applied_ = at;
  applied_term_ = entry_term;
  return std::move(w.out);
}

void applier::skip(log_index at, term entry_term) {
  must(at.value == applied_.value + 1, "entries are applied in order, each once");
  skip_to(at, entry_term);
}

void applier::skip_to(log_index at, term entry_term) {
  auto batch = store_.make_batch();
  stage_applied(*batch, at, entry_term);
  auto written = store_.write(*batch, durability::lazy);
  if (!written) throw storage_fault(written.error().detail, written.error().code);
  applied_ = at;
  applied_term_ = entry_term;
}

void applier::run(work& w, std::string_view command) {
  message_reader reader(command);
  w.command = reader.root<schema::Command>();
  if (w.command.getBody().which() == body::FIRE_TIMER) {
    auto key = shard_key(shard_, view_of(w.command.getBody().getFireTimer()));
    auto due = store_.latest().get(column::outbox, key);
    if (!due) {  // fired before, or called off
      w.out.reply = with_index(done_reply(), w.at.index);
      return;
    }
    w.batch->erase(column::outbox, key);
    message_reader record(*due);
    std::string inner(view_of(record.root<schema::OutboxRecord>().getCommand()));
    run(w, inner);
    return;
  }
  if (answer_from_cache(w)) return;
  if (w.command.getBody().which() == body::NOOP)
    w.out.reply = with_index(done_reply(), w.at.index);
  else
    run_machine(w);
  remember_reply(w);
}

bool applier::answer_from_cache(work& w) {
  auto key = view_of(w.command.getIdempotencyKey());
  if (key.empty()) return false;
  w.cached_key = reply_key(view_of(w.command.getOrg()), key);
  auto bytes = store_.latest().get(column::state, shard_key(shard_, w.cached_key));
  if (!bytes) return false;
  message_reader reader(*bytes);
  auto cached = reader.root<schema::CachedReply>();
  if (cached.getExpiresUs() <= w.at.time_us) return false;
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
  auto expires = w.at.time_us + limits::reply_cache_ms * 1000;
  capnp::MallocMessageBuilder message;
  auto cached = message.initRoot<schema::CachedReply>();
  cached.setFingerprint(w.command.getFingerprint());
  cached.setExpiresUs(expires);
  cached.setReply(data_of(w.out.reply));
  w.batch->put(column::state, shard_key(shard_, w.cached_key), to_bytes(message));
  w.batch->put(column::state,
               shard_key(shard_, key_writer(record_tag::reply_expiry).i64(expires).text(w.cached_key).str()),
               {});
  // Every remembered reply takes up to two expired ones with it, so that the cache cannot grow for ever.
  auto first = shard_key(shard_, key_writer(record_tag::reply_expiry).str());
  auto end = shard_key(shard_, key_writer(record_tag::reply_expiry).i64(w.at.time_us).str());
  int dropped = 0;
  store_.latest().scan(column::state, first, end, [&](std::string_view key, std::string_view) {
    key_reader in(key.substr(2));
    in.tag();
    in.i64();
    auto old = in.text();
    w.batch->erase(column::state, key);
    if (old != w.cached_key && has_expired(store_.latest(), shard_key(shard_, old), w.at.time_us))
      w.batch->erase(column::state, shard_key(shard_, old));
    return ++dropped < 2;
  });
}

void applier::run_machine(work& w) {
  auto which = w.command.getBody().which();
  auto* m = machines_.of(which);
  if (!m) throw machine_fault("no machine knows command " + std::to_string(static_cast<int>(which)));
  read_set keys;
  m->reads(w.command, w.at, keys);
  loaded_view before(store_.latest(), shard_, keys);
  auto result = m->apply(before, w.command, w.at);
  stage(w, result.changes, before);
  w.out.reply = with_index(result.reply, w.at.index);
  if (!result.facts.empty() || w.timer_us != 0) w.out.feed = feed_of(w, result.facts);
}

void applier::stage(work& w, const mutations& changes, const loaded_view& before) {
  auto counters = counters_key();
  changes.for_each([&](mutation_kind kind, family f, std::string_view key, std::string_view value) {
    auto full = shard_key(shard_, key);
    switch (kind) {
      case mutation_kind::put_kept:
        if (auto previous = before.get(f, key))
          w.batch->put(
              column::history,
              shard_key(shard_,
                        key_writer(record_tag::history).text(key).u64_descending(w.at.index.value).str()),
              *previous);
        [[fallthrough]];
      case mutation_kind::put:
        w.batch->put(column_of(f), full, value);
        if (f == family::state && key == counters) last_seq_ = seq_in(value);
        if (f == family::outbox) w.timer_us = std::min(w.timer_us ? w.timer_us : due_in(key), due_in(key));
        break;
      case mutation_kind::erase: w.batch->erase(column_of(f), full); break;
      case mutation_kind::merge: w.batch->merge(column_of(f), full, value); break;
    }
  });
}

void applier::stage_applied(kv_batch& batch, log_index at, term entry_term) const {
  capnp::MallocMessageBuilder message(16);
  auto state = message.initRoot<schema::AppliedState>();
  state.setIndex(at.value);
  state.setTerm(entry_term.value);
  state.setStampUs(last_stamp_us_);
  batch.put(column::meta, applied_key(shard_), to_bytes(message));
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
                            const machine_set& machines, std::string_view query) {
  capnp::MallocMessageBuilder message;
  auto out = message.initRoot<schema::QueryResult>();
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
    handler->answer(shard_records(store, shard), q, out);
  } else {
    auto refused = out.initRefused();
    refused.setCode(static_cast<std::uint16_t>(errc::unsupported));
    refused.setDetail("this node does not know that query: it may run an older version");
  }
  return to_bytes(message);
}

}  // namespace troupe::storage
