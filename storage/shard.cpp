#include "storage/shard.hpp"

#include <kj/exception.h>

#include "protocol/message.hpp"
#include "protocol/schema/command.capnp.h"
#include "protocol/schema/storage.capnp.h"
#include "storage/entry.hpp"
#include "storage/snapshot.hpp"

namespace troupe::storage {

namespace {

constexpr std::uint32_t level_known = 1;

failure unknown_outcome(std::string_view why) {
  return {errc::timed_out,
          std::string(why) +
              ": the command may or may not have taken effect. Send it again with the same "
              "Idempotency-Key or the same ids; it is not done twice",
          std::chrono::milliseconds(200)};
}

}  // namespace

shard::shard(shard_config config, kv& store, const machine_set& machines, shard_host& host,
             replica_guards guards)
    : config_(std::move(config)),
      store_(store),
      host_(host),
      guards_(guards),
      applier_(config_.raft.shard, config_.history, store, machines) {}

result<done> shard::start(instant now) {
  try {
    if (!load_snapshot(store_.latest(), id())) {
      // First the records' place, then the log's beginning: a crash between them leaves a fresh shard.
      applier_.skip_to(genesis.index, genesis.term);
      auto batch = store_.make_batch();
      stage_hard_state(*batch, id(), {genesis.term, node_id{}});
      stage_snapshot(
          *batch, id(),
          {genesis, log_index(genesis.index.value + 1), config_.raft.generation, config_.raft.voters});
      auto made = store_.write(*batch, durability::synced);
      if (!made) return made;
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
  bool ahead = applier_.applied() >= log_end_ && config_.raft.voters.size() == 1;
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

void shard::propose(instant now, request_id request, std::string command) {
  std::string idempotency;
  if (auto refused = refusal_of(command, idempotency)) return host_.replied(request, *refused);
  stamp at;
  at.time_us = std::max(now.wall_us, last_stamp_us_);
  std::tie(at.entropy_high, at.entropy_low) = host_.entropy();
  at.level = level_known;
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

void shard::read(instant now, read_id request) {
  if (fault_) return host_.read_failed(request);
  replica_->read(now.mono_ms, request);
  after(now);
}

result<term> shard::transfer(instant now, node_id to) {
  if (fault_) return *fault_;
  auto outcome = replica_->transfer(now.mono_ms, to);
  after(now);
  return outcome;
}

result<done> shard::install(instant now, const snapshot_point& point, std::span<const std::string> chunks) {
  if (fault_) return *fault_;
  if (installing_) return failure{errc::conflict, "a snapshot is being installed"};
  auto batch = store_.make_batch();
  auto reached = stage_import(*batch, id(), chunks);
  if (!reached) return reached.error();
  if (*reached < point.index)
    return failure{errc::conflict, "the snapshot is older than the log it is for: pull it again"};
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
  stage_snapshot(*batch, id(), {point, first_kept, config_.raft.generation, config_.raft.voters});
  stage_erase(*batch, id(), log_index(0), first_kept);
  return hand_over(std::move(batch));
}

result<std::vector<log_record>> shard::load_entries(log_index first, std::size_t count) {
  return load_records(store_.latest(), id(), first, count);
}

void shard::apply(log_index first, std::span<const log_record> records) {
  for (auto& record : records) {
    if (fault_) return;
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
    settle(at, record.term, {});
    return;
  }
  auto applied = applier_.apply(at, record.term, *record.payload);
  settle(at, record.term, std::move(applied.reply));
  if (!applied.feed.empty() && replica_ && replica_->status().role == raft_role::leader)
    host_.published(std::move(applied.feed));
}

void shard::settle(log_index at, term applied_term, std::string reply) {
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
  auto applied = applier_.applied();
  if (applied.value < replica_->status().snapshot.index.value + config_.snapshot_every) return;
  auto taken = replica_->take_snapshot(now.mono_ms, applied, config_.trailing);
  if (!taken && taken.error().code != errc::conflict) halt(taken.error());
}

}  // namespace troupe::storage
