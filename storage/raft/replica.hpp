// One voter of one shard's Raft group: the consensus core of libraft with the guards it needs (docs/decisions/0001).
//
// Owner: the shard's actor. Single-threaded, does no I/O and reads no clock: time comes in as milliseconds of a
// monotonic clock, everything it wants done goes out through replica_host. Same calls, same seed: same behaviour.
//
//   propose() --> write_entries() --> written() --+
//            \--> send(AppendEntries) ... receive(result) --> committed AND stored here --> apply()
//
// Invariants:
// - term and vote are durable before any later message leaves: messages wait here for their ticket;
// - an entry counts for this voter only when written() covered it and nothing replaced it since;
// - apply() sees committed, locally stored entries, each once, in order, never while a snapshot is being installed;
// - the voters of a generation never change: no configuration entry is ever proposed or accepted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/ids.hpp"
#include "protocol/result.hpp"

namespace troupe {

enum class raft_role : std::uint8_t { follower, candidate, leader };
// The number is on disk and on the wire: never renumber. A barrier has no payload: leaders write one when elected.
enum class entry_kind : std::uint16_t { command = 1, barrier = 2 };

struct log_record {
  troupe::term term;
  entry_kind kind = entry_kind::command;
  std::shared_ptr<const std::string> payload;  // never null
};

struct hard_state {
  troupe::term term;
  node_id vote;  // 0: none in this term
};

// The last entry that a state contains.
struct snapshot_point {
  log_index index;
  troupe::term term;
  auto operator<=>(const snapshot_point&) const = default;
};

// Where generation 1 of every shard begins: all its voters start from it with an empty log and an empty state.
inline constexpr snapshot_point genesis{log_index{1}, term{1}};

// Numbers the writes of one replica: increasing, completed in order.
using write_ticket = strong<struct write_ticket_tag, std::uint64_t>;
using read_id = strong<struct read_id_tag, std::uint64_t>;

// What a replica wants done. No call may call back into the replica: completions come later, from the owner's loop.
class replica_host {
 public:
  virtual ~replica_host() = default;

  // Disk. Writes become durable in the order asked for; the owner then calls written(). A crash may keep any prefix.
  virtual write_ticket write_hard_state(const hard_state& state) = 0;
  // Drops every entry from 'first' on, then appends 'records'.
  virtual write_ticket write_entries(log_index first, std::span<const log_record> records) = 0;
  // One atomic write: the log now begins at 'first_kept', and the state contains everything up to 'point'.
  virtual write_ticket write_snapshot(const snapshot_point& point, log_index first_kept) = 0;
  // Stored records that are no longer cached, 'count' of them or fewer, but at least one. A failure closes the replica.
  virtual result<std::vector<log_record>> load_entries(log_index first, std::size_t count) = 0;

  // 'message' is an encoded schema::RaftMessage. May be lost, doubled or reordered.
  virtual void send(node_id to, std::string message) = 0;
  // Committed and stored records, 'first' onwards. Barriers are included: they move the applied index like any other.
  virtual void apply(log_index first, std::span<const log_record> records) = 0;
  // 'leader' is 0 while unknown.
  virtual void role_changed(raft_role role, term at, node_id leader) = 0;

  // The state up to 'index' has been applied and a majority confirmed the term after read() was called: answer.
  virtual void read_ready(read_id id, log_index index) = 0;
  // Not the leader any more: ask elsewhere.
  virtual void read_failed(read_id id) = 0;

  // What a follower needs to pull the state, which may be ahead of 'point' but not behind. Opaque to the replica.
  virtual std::string snapshot_manifest(const snapshot_point& point) = 0;
  // Pull the state from 'from', then, after the writes already asked for, make durable in one step: that state, 'point',
  // an empty log from point.index + 1. Then call snapshot_installed(). If that fails, drop this replica and start
  // another from disk.
  virtual void install_snapshot(node_id from, const snapshot_point& point, std::string manifest) = 0;

  // The replica closed itself: corrupt log, broken invariant, no memory. It does nothing from now on.
  virtual void closed(const failure& why) = 0;
};

struct replica_tuning {
  std::uint32_t election_ms = 1'000;  // waits 1 to 2 times this
  std::uint32_t heartbeat_ms = 80;
  std::uint32_t campaign_ms = 60;                    // between voters who miss the leader at the same moment
  std::uint32_t install_ms = 60'000;                 // a leader sends the snapshot again after this
  std::size_t inflight_bytes_max = 8 * 1024 * 1024;  // per follower, sent but not confirmed
  std::uint32_t inflight_entries_max = 1'024;
  std::size_t message_bytes_max = 512 * 1024;  // payloads in one AppendEntries; one record always fits
  std::size_t record_bytes_max = 768 * 1024;
  std::size_t cache_bytes_max = 16 * 1024 * 1024;  // payloads kept in memory beyond what is not yet applied
};

struct replica_config {
  shard_id shard;
  troupe::generation generation;
  node_id self;
  std::vector<node_id> voters;  // self is one of them
  std::uint32_t seed = 0;       // of election timeouts
  replica_tuning tuning = {};
};

// What is on disk when the replica starts. A new group starts from genesis (or the seal): write that first.
struct stored_entry {
  troupe::term term;
  entry_kind kind = entry_kind::command;
  std::uint32_t bytes = 0;  // of the payload
};
struct start_state {
  hard_state hard;
  snapshot_point snapshot;
  log_index first;                    // of 'entries'; at most snapshot.index + 1
  std::vector<stored_entry> entries;  // payloads come from load_entries()
  log_index applied;                  // at least snapshot.index; ahead of the log only after an install
};

// Where the state of an empty log stands at 'base'.
inline start_state fresh_start(const snapshot_point& base = genesis) {
  return {{base.term, node_id{}}, base, log_index{base.index.value + 1}, {}, base.index};
}

struct replica_status {
  raft_role role = raft_role::follower;
  troupe::term term;
  node_id leader;
  log_index commit, applied, first, last, stored;
  snapshot_point snapshot;
  std::uint64_t dropped_messages = 0;  // malformed, of another group, or against the rules
  std::uint64_t held_messages = 0;     // waiting for term and vote to become durable
  std::uint64_t cached_bytes = 0;
  bool closed = false;
  // When, by this replica's clock, a leader told it of the last commit that it knows to have applied; 0: never.
  std::uint64_t fresh_ms = 0;
};

// The cures for libraft 0.22.1, by number in docs/decisions/0001, and the contract of its step. All on; tests show
// what each one stops.
struct replica_guards {
  bool trim_compacted = true;          // 1: AppendEntries that begins below the compacted log
  bool answer_stale_terms = true;      // 2: replies to a deposed leader are made here
  bool drop_stale_rejections = true;   // 3: a late rejection does not set the follower's progress back
  bool true_prevote_term = true;       // 4: a refused pre-vote tells the real term
  bool bump_lone_term = true;          // 5: a lone voter takes a new term at every start
  bool refuse_changes = true;          // 6: configuration entries do not exist
  bool bound_inflight_bytes = true;    // 7: the window is counted in bytes
  bool suppress_empty_appends = true;  // 7: a full window sends nothing at each submit
  bool hold_messages = true;           // contract: term and vote are durable before a message leaves
  bool clip_persisted = true;          // contract: only what was written and not replaced counts
  bool apply_only_stored = true;       // contract: committed is not enough
};

class replica {
 public:
  replica(replica_config config, start_state from, replica_host& host, replica_guards guards = {});
  ~replica();
  replica(const replica&) = delete;
  replica& operator=(const replica&) = delete;

  // Once, before anything else. A lone voter is the leader when it returns.
  void start(std::uint64_t now_ms);
  // At next_timeout_ms() or later; earlier is harmless. Read next_timeout_ms() again after every call of any kind.
  void tick(std::uint64_t now_ms);
  std::uint64_t next_timeout_ms() const;

  // The index of the first of them. Not the leader, or handing leadership over: errc::not_leader, nothing happened.
  // After success, the outcome is unknown until applied: an entry of another term at that index means it was lost.
  result<log_index> propose(std::uint64_t now_ms, std::vector<std::shared_ptr<const std::string>> payloads);
  // From the network; anything malformed or foreign is dropped and counted.
  void receive(std::uint64_t now_ms, node_id from, std::string_view message);
  // Every write up to 'ticket' is durable.
  void written(std::uint64_t now_ms, write_ticket ticket);
  // A linearizable read: answered by read_ready or read_failed, maybe before this returns. One round of messages
  // serves all that wait.
  void read(std::uint64_t now_ms, read_id id);
  // Compaction: drops the log up to 'at' but for 'trailing' entries. The state up to 'at' must be durable no later than
  // the write_snapshot that this asks for. Refused (errc::conflict) unless snapshot < at <= applied, and while another
  // snapshot is being taken or installed.
  result<write_ticket> take_snapshot(std::uint64_t now_ms, log_index at, std::uint64_t trailing);
  // The state asked for by install_snapshot is durable; it contains everything up to 'applied' (the point or later).
  void snapshot_installed(std::uint64_t now_ms, log_index applied);
  // Hands leadership to 'to', or to the most advanced follower if 0.
  result<term> transfer(std::uint64_t now_ms, node_id to = {});
  // The connection to 'peer' is gone. If it leads, it may be dead: this voter no longer stands up for it, and asks for
  // votes soon. A leader that most still hear stays: they refuse.
  void lost(std::uint64_t now_ms, node_id peer);
  // Nobody leads, and enough others wait for a leader: ask for votes soon, not when the election timeout has passed.
  void campaign(std::uint64_t now_ms);
  // A failed write, or the end: nothing goes out any more, waiting reads fail.
  void close();

  replica_status status() const;
  // The term of the entry at 'index', 0 if it is not in the log. For tests and for the reply to a proposer.
  term term_at(log_index index) const;
  // What that voter is known to have stored; 0 unless this replica leads.
  log_index match_of(node_id voter) const;

 private:
  class body;
  std::unique_ptr<body> body_;
};

}  // namespace troupe
