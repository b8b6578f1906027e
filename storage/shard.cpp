#include "storage/shard.hpp"

#include <kj/exception.h>

#include <algorithm>

#include "protocol/message.hpp"
#include "protocol/schema/command.capnp.h"
#include "protocol/schema/storage.capnp.h"
#include "storage/entry.hpp"
#include "storage/generation.hpp"

namespace troupe::storage {

namespace {

constexpr std::size_t finish_entries = 256;  // read at once

failure unknown_outcome(std::string_view why) {
  return {errc::timed_out,
          std::string(why) +
              ": the command may or may not have taken effect. Send it again with the same "
              "Idempotency-Key or the same ids; it is not done twice",
          std::chrono::milliseconds(200)};
}

failure moved() {
  return {errc::not_leader, "the shard has other replicas now: send it to one of them",
          std::chrono::milliseconds(100)};
}

}  // namespace

shard::shard(shard_config config, kv& store, const machine_set& machines, shard_host& host,
             replica_guards guards)
    : config_(std::move(config)),
      store_(store),
      host_(host),
      guards_(guards),
      level_max_(machines.level),
      applier_(config_.raft.shard, config_.raft.generation, config_.history, store, machines) {
  if (alone())
    applier_.write_with(
        [this](kv_batch& batch, log_index at, term at_term) { drop_log(batch, at, at_term); });
}

result<done> make_fresh_shards(kv& store, std::span<const shard_config> shards) {
  auto batch = store.make_batch();
  bool any = false;
  for (const auto& c : shards) {
    auto id = c.raft.shard;
    // A shard of others is not begun here, one that this node left not again.
    if (c.raft.voters.empty() || load_snapshot(store.latest(), id) || load_left(store.latest(), id)) continue;
    applier::stage_fresh(*batch, id, genesis.index, genesis.term);
    stage_hard_state(*batch, id, {genesis.term, node_id{}});
    stage_snapshot(*batch, id,
                   {genesis, log_index(genesis.index.value + 1), c.raft.generation, c.raft.voters});
    any = true;
  }
  return any ? store.write(*batch, durability::synced) : result<done>(done{});
}

result<done> shard::start(instant now) {
  try {
    if (!load_snapshot(store_.latest(), id())) {
      auto made = make_fresh_shards(store_, std::span(&config_, 1));
      if (!made) return made;
      applier_.load();
    }
    // What an earlier replica wrote and could not sync is visible: the new one takes all it sees for durable.
    if (auto synced = store_.sync(); !synced) return synced;
    auto state = load();
    if (!state) return state.error();
    last_stamp_us_ = applier_.last_stamp_us();
    replica_ = std::make_unique<replica>(config_.raft, std::move(*state), static_cast<replica_host&>(*this),
                                         guards_);
  } catch (const storage_fault& e) {
    return failure{e.code, "shard " + std::to_string(id().value) + ": " + e.what()};
  } catch (const kj::Exception& e) {
    return failure{errc::corrupt, "shard " + std::to_string(id().value) +
                                      ": a record cannot be decoded: " + e.getDescription().cStr()};
  }
  snapshot_due_ = log_index(applier_.applied().value + config_.snapshot_every);
  replica_->start(now.mono_ms);
  after(now);
  if (fault_) return *fault_;
  return done{};
}

result<start_state> shard::load() {
  auto hard = load_hard_state(store_.latest(), id());
  auto snapshot = load_snapshot(store_.latest(), id());
  if (!hard || !snapshot)
    return failure{errc::corrupt, "shard " + std::to_string(id().value) +
                                      " has no hard state or no snapshot record. Restore a backup"};
  auto entries = load_entry_list(store_.latest(), id(), snapshot->first);
  if (!entries) return entries.error();
  log_end_ = log_index(snapshot->first.value + entries->size());
  // An installed state may be ahead of its point, and so of the log that begins there. Not when nobody sent it.
  bool ahead = applier_.applied() >= log_end_ && alone();
  if (applier_.applied() < snapshot->point.index || ahead)
    return failure{errc::corrupt, "shard " + std::to_string(id().value) + ": its records are at entry " +
                                      std::to_string(applier_.applied().value) +
                                      ", which its log does not reach. Restore a backup"};
  return start_state{*hard, snapshot->point, snapshot->first, std::move(*entries), applier_.applied()};
}

void shard::tick(instant now) {
  if (fault_) return;
  replica_->tick(now.mono_ms);
  after(now);
}

std::uint64_t shard::next_timeout_ms() const {
  return fault_ ? ~std::uint64_t{0} : replica_->next_timeout_ms();
}

std::optional<failure> shard::refusal_of(std::string_view command, std::string& idempotency) const {
  if (fault_) return failure{errc::unavailable, "this shard has halted: " + fault_->detail};
  if (next()) return moved();
  if (refusing_) return *refusing_;
  if (command.size() > limits::entry_bytes_max + limits::event_bytes_max)
    return failure{errc::too_large, "a command may have at most " + std::to_string(limits::entry_bytes_max) +
                                        " bytes: send less at once"};
  if (pending_.size() >= limits::shard_pending_commands_max ||
      pending_bytes_ + command.size() > limits::shard_pending_bytes_max)
    return failure{errc::overloaded, "too much is waiting to be written: slow down and send again",
                   std::chrono::milliseconds(1000)};
  try {
    message_reader reader(command);
    auto c = reader.root<schema::Command>();
    if (c.getIdempotencyKey().size() > 0)
      idempotency = std::string(view_of(c.getOrg())) + '\0' + std::string(view_of(c.getIdempotencyKey()));
  } catch (const kj::Exception&) {
    return failure{errc::invalid_argument, "the command cannot be decoded"};
  }
  if (!idempotency.empty() && in_flight_.contains(idempotency))
    return failure{errc::in_flight, "a request with this Idempotency-Key is being worked on: wait for it",
                   std::chrono::milliseconds(500)};
  return std::nullopt;
}

std::uint32_t shard::level_in_force() const {
  return config_.level ? std::clamp(config_.level->load(), std::uint32_t{1}, level_max_) : level_max_;
}

void shard::propose(instant now, request_id request, std::string command) {
  std::string idempotency;
  if (auto refused = refusal_of(command, idempotency)) return host_.replied(request, *refused);
  stamp at;
  at.time_us = std::max(now.wall_us, last_stamp_us_);
  std::tie(at.entropy_high, at.entropy_low) = host_.entropy();
  at.level = level_in_force();
  auto entry = std::make_shared<const std::string>(encode_entry(at, command));
  auto bytes = entry->size();
  // The replica may commit before propose() returns (a lone voter does not, but nothing here depends on it).
  auto index = replica_->propose(now.mono_ms, {std::move(entry)});
  if (!index) {
    host_.replied(request, index.error());
  } else {
    last_stamp_us_ = at.time_us;
    if (!idempotency.empty()) in_flight_.insert(idempotency);
    pending_bytes_ += bytes;
    pending_.emplace(*index, pending{request, replica_->term_at(*index), bytes, std::move(idempotency)});
  }
  after(now);
}

void shard::receive(instant now, node_id from, std::string_view message) {
  if (fault_) return;
  replica_->receive(now.mono_ms, from, message);
  after(now);
}

void shard::written(instant now, write_ticket ticket) {
  if (fault_) return;
  replica_->written(now.mono_ms, ticket);
  if (!fault_ && installing_ && installing_->ticket <= ticket) {
    installing_.reset();
    applier_.load();
    replica_->snapshot_installed(now.mono_ms, applier_.applied());
  }
  after(now);
}

void shard::write_failed(const failure& why) { halt(why); }

result<done> shard::write_out() {
  if (fault_) return *fault_;
  hand_over_run();
  if (!fault_) return done{};
  replica_->close();
  return *fault_;
}

void shard::hand_over_run() {
  try {
    applier_.write_out();
  } catch (const storage_fault& e) {
    halt({e.code, e.what()});
  }
}

void shard::read_ready(read_id id, log_index) {
  if (!fault_) hand_over_run();
  fault_ || next() ? host_.read_failed(id) : host_.read_ready(id);
}

void shard::read(instant now, read_id request) {
  if (fault_ || next()) return host_.read_failed(request);
  replica_->read(now.mono_ms, request);
  after(now);
}

result<term> shard::transfer(instant now, node_id to) {
  if (fault_) return *fault_;
  auto outcome = replica_->transfer(now.mono_ms, to);
  after(now);
  return outcome;
}

void shard::lost(instant now, node_id peer) {
  if (fault_) return;
  replica_->lost(now.mono_ms, peer);
  after(now);
}

void shard::campaign(instant now) {
  if (fault_) return;
  replica_->campaign(now.mono_ms);
  after(now);
}

result<done> shard::install(instant now, const snapshot_point& point, std::unique_ptr<kv_batch> batch) {
  if (fault_) return *fault_;
  if (installing_) return failure{errc::conflict, "a snapshot is being installed"};
  stage_erase(*batch, id(), log_index(0), log_index(0));
  stage_snapshot(*batch, id(),
                 {point, log_index(point.index.value + 1), config_.raft.generation, config_.raft.voters});
  log_end_ = log_index(point.index.value + 1);
  // Behind the writes already handed over: an older one must not come after it.
  installing_ = install_write{hand_over(std::move(batch))};
  after(now);
  return done{};
}

replica_status shard::status() const { return replica_ ? replica_->status() : replica_status{}; }

// --- what the replica asks for

write_ticket shard::hand_over(std::unique_ptr<kv_batch> batch) {
  write_ticket ticket(++tickets_);
  host_.write(std::move(batch), ticket);
  return ticket;
}

write_ticket shard::write_hard_state(const hard_state& state) {
  auto batch = store_.make_batch();
  stage_hard_state(*batch, id(), state);
  return hand_over(std::move(batch));
}

write_ticket shard::write_entries(log_index first, std::span<const log_record> records) {
  auto batch = store_.make_batch();
  if (first < log_end_) stage_erase(*batch, id(), first, log_index(0));
  stage_records(*batch, id(), first, records);
  log_end_ = log_index(first.value + records.size());
  return hand_over(std::move(batch));
}

write_ticket shard::write_snapshot(const snapshot_point& point, log_index first_kept) {
  auto batch = store_.make_batch();
  // The store is ahead: see drop_log().
  if (point.index <= dropped_) return hand_over(std::move(batch));
  stage_snapshot(*batch, id(), {point, first_kept, config_.raft.generation, config_.raft.voters});
  stage_erase(*batch, id(), log_index(0), first_kept);
  return hand_over(std::move(batch));
}

// Nobody will ask a lone voter for what it has applied. The entries go with the run that holds their effect, unlogged
// like it: a crash loses both or neither, and a flush writes none of them.
void shard::drop_log(kv_batch& batch, log_index applied, term applied_term) {
  stage_erase(batch, id(), dropped_, log_index(applied.value + 1));
  stage_snapshot(
      batch, id(),
      {{applied, applied_term}, log_index(applied.value + 1), config_.raft.generation, config_.raft.voters});
  dropped_ = applied;
}

result<std::vector<log_record>> shard::load_entries(log_index first, std::size_t count) {
  return load_records(store_.latest(), id(), first, count);
}

void shard::apply(log_index first, std::span<const log_record> records) {
  for (auto& record : records) {
    if (fault_) return;
    if (next()) {  // it was written behind the seal, and never takes effect
      settle(first, record.term, moved());
      first = log_index(first.value + 1);
      continue;
    }
    try {
      apply_one(first, record);
    } catch (const machine_fault& e) {
      halt({errc::corrupt, "entry " + std::to_string(first.value) + " broke an invariant: " + e.what()});
    } catch (const storage_fault& e) {
      halt({e.code, e.what()});
    } catch (const kj::Exception& e) {
      halt({errc::corrupt,
            "entry " + std::to_string(first.value) + " cannot be decoded: " + e.getDescription().cStr()});
    }
    first = log_index(first.value + 1);
  }
}

void shard::apply_one(log_index at, const log_record& record) {
  if (at <= applier_.applied()) return;  // an installed snapshot was ahead of its point
  if (record.kind != entry_kind::command) {
    applier_.skip(at, record.term);
    host_.applied(at, record.term, {});
    settle(at, record.term, std::string());
    return;
  }
  auto applied = applier_.apply(at, record.term, *record.payload);
  host_.applied(at, record.term, applied.changes);
  if (applied.takes_digest) {
    applier_.write_out();
    host_.take_digest(at);
  }
  settle(at, record.term, std::move(applied.reply));
  if (!applied.feed.empty() && replica_ && replica_->status().role == raft_role::leader)
    host_.published(std::move(applied.feed));
}

shard::reach shard::finish_at(const snapshot_point& point) {
  if (fault_ || installing_ || replica_->term_at(point.index) != point.term) return reach::never;
  if (replica_->status().stored < point.index) return reach::later;
  replica_->close();
  try {
    while (!fault_ && !next() && applier_.applied() < point.index) {
      log_index first(applier_.applied().value + 1);
      auto records = load_records(store_.latest(), id(), first, finish_entries);
      if (!records) {
        halt(records.error());
        break;
      }
      apply(first, *records);
    }
  } catch (const storage_fault& e) {
    halt({e.code, e.what()});
  }
  return next() && !fault_ ? reach::done : reach::never;
}

void shard::leave() {
  if (replica_) replica_->close();
  lose_pending(next() ? moved() : unknown_outcome("the shard has other replicas now"));
}

void shard::settle(log_index at, term applied_term, result<std::string> reply) {
  auto it = pending_.find(at);
  if (it == pending_.end()) return;
  auto p = std::move(it->second);
  pending_.erase(it);
  pending_bytes_ -= p.bytes;
  if (!p.idempotency.empty()) in_flight_.erase(p.idempotency);
  if (p.at == applied_term)
    host_.replied(p.id, std::move(reply));
  else
    host_.replied(p.id,
                  failure{errc::unavailable, "leadership changed before the command was taken: send it again",
                          std::chrono::milliseconds(200)});
}

void shard::role_changed(raft_role role, term at, node_id leader) {
  if (role != raft_role::leader) lose_pending(unknown_outcome("leadership changed"));
  host_.role_changed(role, at, leader);
}

void shard::lose_pending(const failure& why) {
  auto lost = std::move(pending_);
  pending_.clear();
  in_flight_.clear();
  pending_bytes_ = 0;
  for (auto& [index, p] : lost) host_.replied(p.id, why);
}

void shard::halt(const failure& why) {
  if (fault_) return;
  fault_ = why;
  lose_pending(why.code == errc::no_space ? why : unknown_outcome(why.detail));
  host_.halted(why);
}

void shard::after(instant now) {
  if (fault_) return replica_->close();
  if (next()) return;
  auto applied = applier_.applied();
  if (applied < snapshot_due_) return;
  compact(now);
}

// The log may lose what the store has for certain, not what it merely shows.
void shard::compact(instant now) {
  auto applied = applier_.applied();
  snapshot_due_ = log_index(applied.value + std::max<std::uint64_t>(config_.snapshot_every / 4, 1));
  auto flushed = std::min(applier_.flushed(), applied);
  if (flushed.value < replica_->status().snapshot.index.value + config_.snapshot_every) return;
  auto taken = replica_->take_snapshot(now.mono_ms, flushed, alone() ? 0 : config_.trailing);
  if (!taken && taken.error().code != errc::conflict) halt(taken.error());
}

}  // namespace troupe::storage
