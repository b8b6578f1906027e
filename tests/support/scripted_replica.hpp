// A replica whose disk and network are lists that a test reads and fills by hand.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "storage/raft/message.hpp"
#include "storage/raft/replica.hpp"

namespace troupe::testing {

inline std::shared_ptr<const std::string> payload(std::string text) {
  return std::make_shared<const std::string>(std::move(text));
}

// Everything a replica asked for. Writes are in the log at once; sync() makes them durable.
struct recording_host : replica_host {
  struct role_change {
    raft_role role;
    term at;
    node_id leader;
  };

  std::vector<hard_state> hard_states;
  std::map<std::uint64_t, log_record> log;
  std::vector<wire_message> sent;
  std::vector<std::pair<std::uint64_t, std::string>> applied;
  std::vector<role_change> roles;
  std::vector<std::pair<read_id, log_index>> ready;
  std::vector<read_id> failed;
  std::vector<snapshot_point> installs, snapshots;
  std::string installed_manifest;
  std::optional<failure> why_closed;
  std::uint64_t tickets = 0;
  std::size_t loads = 0;

  write_ticket write_hard_state(const hard_state& state) override;
  write_ticket write_entries(log_index first, std::span<const log_record> records) override;
  write_ticket write_snapshot(const snapshot_point& point, log_index first_kept) override;
  result<std::vector<log_record>> load_entries(log_index first, std::size_t count) override;
  void send(node_id to, std::string message) override;
  void apply(log_index first, std::span<const log_record> records) override;
  void role_changed(raft_role role, term at, node_id leader) override;
  void read_ready(read_id id, log_index index) override { ready.emplace_back(id, index); }
  void read_failed(read_id id) override { failed.push_back(id); }
  std::string snapshot_manifest(const snapshot_point&) override { return "manifest"; }
  void install_snapshot(node_id from, const snapshot_point& point, std::string manifest) override;
  void closed(const failure& why) override { why_closed = why; }

  // Messages of one kind sent since the last take.
  std::vector<wire_message> take(raft_core_message_kind kind);
  std::vector<wire_message> take_confirms();
  std::string applied_text() const;  // payloads of commands, in order
};

// Voters 1..n; this one is 'self'. Time moves only by pass().
struct scripted_replica {
  scripted_replica(std::uint64_t self, std::uint64_t voters, replica_guards guards = {},
                   replica_tuning tuning = {}, start_state from = fresh_start());

  void sync() { node->written(now, write_ticket{host.tickets}); }
  void pass(std::uint64_t ms);
  void pass_until_timeout();
  void restart(replica_guards guards = {});  // from what was written, synced or not

  // What a peer could say.
  void append(std::uint64_t from, std::uint64_t at_term, std::uint64_t prev, std::uint64_t prev_term,
              std::uint64_t commit, std::vector<std::pair<std::uint64_t, std::string>> records = {});
  void append_result(std::uint64_t from, std::uint64_t at_term, std::uint64_t rejected, std::uint64_t last);
  void install(std::uint64_t from, std::uint64_t at_term, std::uint64_t last, std::uint64_t last_term);
  void vote_request(std::uint64_t from, std::uint64_t at_term, std::uint64_t last, std::uint64_t last_term,
                    raft_role phase);  // follower: pre-vote; candidate: vote
  void vote_result(std::uint64_t from, std::uint64_t at_term, raft_role phase, bool granted = true);
  void confirm(std::uint64_t from, std::uint64_t at_term, std::uint64_t round, bool answer);
  void give(wire_message message);
  // Runs an election that voter 'other' supports; its log is what it is. Leaves the disk synced.
  void become_leader(std::uint64_t other);

  result<log_index> propose(std::string text) { return node->propose(now, {payload(std::move(text))}); }
  replica_status status() const { return node->status(); }

  replica_config config;
  recording_host host;
  hard_state hard;          // of the last start
  snapshot_point snapshot;  // of the last start
  std::unique_ptr<replica> node;
  std::uint64_t now = 1'000;
};

}  // namespace troupe::testing
