// One replica of one shard: the Raft voter, its log, and the records the log makes. Pure logic over a store; the
// shard's actor (or the simulation) owns it, brings time, and carries out what shard_host asks for.
//
//   propose -> stamp -> replica -> host.write -> written -> apply -> replied, published
//
// Invariants:
// - nothing changes a record but applying a committed entry;
// - a request is answered once: after it was applied, or when it is known to be lost, or with "unknown" when this
//   replica cannot know any more;
// - after the seal of its generation it applies, answers and reads nothing: see member.hpp;
// - what cannot be applied halts the shard with its bytes kept.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "protocol/limits.hpp"
#include "storage/applier.hpp"
#include "storage/log.hpp"
#include "storage/raft/replica.hpp"

namespace troupe::storage {

using request_id = strong<struct request_id_tag, std::uint64_t>;

// Both clocks of the owner: monotonic for Raft, wall clock for stamps.
struct instant {
  std::uint64_t mono_ms = 0;
  std::int64_t wall_us = 0;
};

class shard_host {
 public:
  virtual ~shard_host() = default;
  // Make 'batch' durable, in order, then call written(ticket) or write_failed().
  virtual void write(std::unique_ptr<kv_batch> batch, write_ticket ticket) = 0;
  virtual void send(node_id to, std::string message) = 0;
  // An encoded schema::Reply, or why there is none.
  virtual void replied(request_id id, result<std::string> reply) = 0;
  // What an entry did to the records: the same on every replica.
  virtual void applied(log_index, term, std::string_view /*changes*/) {}
  // The store shows the records as of that entry, until this returns: replicas take the digest of them.
  virtual void take_digest(log_index) {}
  // An encoded schema::Feed. On the leader only.
  virtual void published(std::string feed) = 0;
  virtual void role_changed(raft_role role, term at, node_id leader) = 0;
  // The records now reflect everything acknowledged before read() was called; or: ask another node.
  virtual void read_ready(read_id id) = 0;
  virtual void read_failed(read_id id) = 0;
  // Fetch the shard's exported records from that node, then call install().
  virtual void pull_snapshot(node_id from, const snapshot_point& point) = 0;
  // This replica does nothing any more; its bytes are as they were.
  virtual void halted(const failure& why) = 0;
  // 128 random bits.
  virtual std::pair<std::uint64_t, std::uint64_t> entropy() = 0;
};

struct shard_config {
  replica_config raft;
  epoch history;
  // The behaviour level in force in the cluster, as far as this node knows: what a leader stamps. Null: that of the
  // machines. 0: not known yet, stamped as 1.
  std::shared_ptr<const std::atomic<std::uint32_t>> level = nullptr;
  std::uint64_t snapshot_every = limits::log_entries_before_snapshot;
  std::uint64_t trailing = limits::log_entries_trailing;
  std::uint64_t announce_ms = 500;  // between two tellings that a generation began
  std::uint64_t learning_ms =
      30'000;  // a node that learns ahead of a seal gives up when it is not told so again
};

// Begins those shards that have nothing on disk yet, with one sync for all of them.
result<done> make_fresh_shards(kv& store, std::span<const shard_config> shards);

class shard final : private replica_host {
 public:
  shard(shard_config config, kv& store, const machine_set& machines, shard_host& host,
        replica_guards guards = {});

  // Loads what is on disk; makes a fresh shard at genesis if there is nothing.
  result<done> start(instant now);
  void tick(instant now);
  std::uint64_t next_timeout_ms() const;

  // 'command' is an encoded schema::Command. Answered by host.replied, maybe before this returns.
  void propose(instant now, request_id id, std::string command);
  void receive(instant now, node_id from, std::string_view message);
  void written(instant now, write_ticket ticket);
  // The store refused a write: the replica closes, every request in flight is unknown. Start another shard to go on.
  void write_failed(const failure& why);
  void read(instant now, read_id id);
  // Makes the store show everything applied: before its records are read without read(). Not within a call of the host.
  result<done> write_out();
  result<term> transfer(instant now, node_id to);
  // As of the replica.
  void lost(instant now, node_id peer);
  void campaign(instant now);
  // The records have been replaced by a state at 'point' or later. Takes effect when 'batch' is written, to which it adds
  // what the log is from now on.
  result<done> install(instant now, const snapshot_point& point, std::unique_ptr<kv_batch> batch);

  // As of the applier.
  void tell_runs(applier::observer tell) { applier_.tell_runs(std::move(tell)); }
  // What follows this generation, once its seal is applied: then this replica has nothing left to do.
  const std::optional<generation_change>& next() const { return applier_.next(); }
  // That generation is known to begin at 'point'. Applies the log up to there if this replica holds it, committed or
  // not: that it holds that entry of that term means that it holds all before it.
  enum class reach : std::uint8_t { done, later, never };
  reach finish_at(const snapshot_point& point);
  // Its place is taken: every request in flight is told so, and it does nothing any more.
  void leave();

  // While refusing, commands are answered with 'why' and reads go on: a full disk.
  void refuse_writes(std::optional<failure> why) { refusing_ = std::move(why); }

  shard_id id() const { return config_.raft.shard; }
  epoch history() const { return config_.history; }
  replica_status status() const;
  const std::optional<failure>& fault() const { return fault_; }
  log_index applied() const { return applier_.applied(); }
  event_seq last_seq() const { return applier_.last_seq(); }
  term term_at(log_index index) const { return replica_->term_at(index); }
  log_index match_of(node_id voter) const { return replica_ ? replica_->match_of(voter) : log_index{}; }

 private:
  struct pending {
    request_id id;
    term at;
    std::size_t bytes = 0;
    std::string idempotency;
  };

  struct install_write {
    write_ticket ticket;
  };

  // replica_host
  write_ticket write_hard_state(const hard_state& state) override;
  write_ticket write_entries(log_index first, std::span<const log_record> records) override;
  write_ticket write_snapshot(const snapshot_point& point, log_index first_kept) override;
  result<std::vector<log_record>> load_entries(log_index first, std::size_t count) override;
  void send(node_id to, std::string message) override { host_.send(to, std::move(message)); }
  void apply(log_index first, std::span<const log_record> records) override;
  void role_changed(raft_role role, term at, node_id leader) override;
  // An entry that could not be applied leaves the records behind what the replica believes.
  void read_ready(read_id id, log_index) override;
  void read_failed(read_id id) override { host_.read_failed(id); }
  std::string snapshot_manifest(const snapshot_point&) override { return {}; }
  void install_snapshot(node_id from, const snapshot_point& point, std::string) override {
    host_.pull_snapshot(from, point);
  }
  void closed(const failure& why) override { halt(why); }

  result<start_state> load();
  write_ticket hand_over(std::unique_ptr<kv_batch> batch);
  std::optional<failure> refusal_of(std::string_view command, std::string& idempotency) const;
  void apply_one(log_index at, const log_record& record);
  void settle(log_index at, term applied_term, result<std::string> reply);
  void lose_pending(const failure& why);
  void halt(const failure& why);
  // Compaction and closing must not happen inside a call of the replica: they wait for its end.
  void after(instant now);
  void compact(instant now);
  void hand_over_run();
  std::uint32_t level_in_force() const;
  bool alone() const { return config_.raft.voters.size() == 1; }
  void drop_log(kv_batch& batch, log_index applied, term applied_term);

  shard_config config_;
  kv& store_;
  shard_host& host_;
  replica_guards guards_;
  const std::uint32_t level_max_;
  applier applier_;
  std::unique_ptr<replica> replica_;
  std::map<log_index, pending> pending_;
  std::set<std::string> in_flight_;
  std::size_t pending_bytes_ = 0;
  std::uint64_t tickets_ = 0;
  log_index snapshot_due_;  // when applied so far, compaction is looked into
  log_index dropped_;       // by drop_log(): up to here the store has no entries
  log_index log_end_;       // one past the last entry handed to the store
  std::optional<install_write> installing_;
  std::optional<failure> fault_;
  std::optional<failure> refusing_;
  std::int64_t last_stamp_us_ = 0;
};

}  // namespace troupe::storage
