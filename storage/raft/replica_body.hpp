// The inside of a replica; include only from storage/raft/*.cpp.
//
//   replica.cpp   what the owner calls: start, tick, propose, written, snapshots, reads
//   drive.cpp     after each step of the core: writes, roles, apply, reads, in that order
//   send.cpp      messages out: payloads filled in, held until term and vote are durable
//   receive.cpp   messages in: what the core must not see is answered, mended or dropped here
#pragma once

#include <deque>
#include <optional>

#include "storage/raft/entry_log.hpp"
#include "storage/raft/message.hpp"
#include "storage/raft/raft_core.h"
#include "storage/raft/read_rounds.hpp"
#include "storage/raft/replica.hpp"

namespace troupe {

class replica::body {
 public:
  body(replica_config config, start_state from, replica_host& host, replica_guards guards);

  void start(std::uint64_t now_ms);
  void tick(std::uint64_t now_ms);
  std::uint64_t next_timeout_ms() const;
  result<log_index> propose(std::uint64_t now_ms, std::vector<std::shared_ptr<const std::string>> payloads);
  void receive(std::uint64_t now_ms, node_id from, std::string_view message);
  void written(std::uint64_t now_ms, write_ticket ticket);
  void read(std::uint64_t now_ms, read_id id);
  result<write_ticket> take_snapshot(std::uint64_t now_ms, log_index at, std::uint64_t trailing);
  void snapshot_installed(std::uint64_t now_ms, log_index applied);
  result<term> transfer(std::uint64_t now_ms, node_id to);
  void lost(std::uint64_t now_ms, node_id peer);
  void campaign(std::uint64_t now_ms);
  void close();
  replica_status status() const;
  term term_at(log_index index) const { return log_.term_at(index); }
  log_index match_of(node_id voter) const;

 private:
  // Marks that the owner is inside: a host that calls back is a bug.
  struct inside {
    explicit inside(body& b);
    ~inside() { owner.busy_ = false; }
    body& owner;
  };
  // What a step of the core was given, to find the payloads of the entries it hands back.
  struct given {
    std::span<const log_record> records = {};
    node_id from = {};                // of a message
    std::string* manifest = nullptr;  // of an install_snapshot
    bool proposal = false;
  };
  struct pending_write {
    write_ticket ticket;
    log_index first;
    std::uint64_t count = 0;
    std::uint64_t number = 0;
  };
  struct pending_snapshot {
    write_ticket ticket;
    snapshot_point point;
    log_index first_kept;
    std::uint32_t trailing = 0;
  };
  struct held_message {
    write_ticket gate;
    node_id to;
    std::string bytes;
  };

  // replica.cpp
  std::optional<failure> check_start() const;
  void pass_time(std::uint64_t now_ms) { now_ms_ = std::max(now_ms_, now_ms + ahead_ms_); }
  bool alone() const { return config_.voters.size() == 1; }
  bool is_voter(node_id id) const;
  std::uint64_t campaign_delay_ms() const;
  bool ask_for_votes();
  void persisted(write_ticket ticket);
  void snapshot_written(write_ticket ticket);

  // drive.cpp
  // Carries out what a step asked for; 'error' is its result. False: nothing happened or the replica is closed.
  bool drive(int error, const raft_core_update& update, const given& in);
  void write_entries(const raft_core_update& update, const given& in);
  void begin_install(const raft_core_update& update, const given& in);
  void follow_role();
  void apply_committed();
  void serve_reads();
  void set_window();
  void fail(errc code, std::string detail);
  raft_core_view look() const;

  // send.cpp
  void send_core(const raft_core_message& message, bool proposal);
  void send_entries(const raft_core_message& message);
  bool suppressible(const raft_core_message& message, bool proposal) const;
  void ask_term(node_id voter);
  void post(wire_message message);
  void release_messages();
  // 'count' records from 'first', or fewer if they are many bytes, from memory or from disk. Empty: not available.
  std::vector<log_record> collect(log_index first, std::uint64_t count, std::size_t bytes_max);
  message_address address_to(node_id to) const;

  // receive.cpp
  void receive_confirm(node_id from, const confirm_term& message);
  void receive_append(wire_message& message);
  void receive_install(wire_message& message);
  void receive_append_result(const wire_message& message);
  void heard_leader();
  bool answer_stale_term(const wire_message& message);
  void trim_compacted(wire_message& message) const;
  void step_receive(wire_message& message);
  void drop() { ++dropped_; }
  void note_freshness();

  struct core_deleter {
    void operator()(raft_core* core) const { raft_core_free(core); }
  };

  replica_config config_;
  replica_host& host_;
  replica_guards guards_;
  hard_state start_hard_;
  snapshot_point start_snapshot_;
  std::vector<stored_entry> start_entries_;
  std::unique_ptr<raft_core, core_deleter> core_;
  entry_log log_;
  log_index applied_;
  std::uint64_t now_ms_ = 0;    // of the core: see ask_for_votes()
  std::uint64_t ahead_ms_ = 0;  // of the owner's clock
  bool started_ = false, closed_ = false, busy_ = false, installing_ = false;
  snapshot_point install_point_;

  write_ticket gate_, durable_;  // messages wait for the first, have the second
  std::uint64_t writes_ = 0;
  std::deque<pending_write> pending_writes_;
  std::optional<pending_snapshot> taking_;
  std::deque<held_message> held_;
  std::size_t held_bytes_ = 0;
  std::map<node_id, std::uint64_t> sent_ms_;  // when entries or a heartbeat last left for a voter
  std::uint32_t window_ = 0;

  raft_role role_ = raft_role::follower;
  troupe::term role_term_;
  node_id leader_;                    // as the core has it: also in a later term, until somebody leads that
  node_id told_leader_;               // of this term
  troupe::term heard_term_;           // in which a leader was heard last
  node_id suspect_;                   // a leader that this voter has lost sight of
  std::uint64_t campaign_at_ms_ = 0;  // 0: not planned
  log_index elected_last_;            // of this leader's log when it was elected
  read_rounds reads_;
  std::uint64_t asked_ms_ = 0;
  std::uint64_t dropped_ = 0;
  log_index told_commit_;  // by a leader, at told_ms_; 0: nothing that is not applied
  std::uint64_t told_ms_ = 0, fresh_ms_ = 0;
};

}  // namespace troupe
