// See scripted_replica.hpp.
#include "tests/support/scripted_replica.hpp"

namespace troupe::testing {

write_ticket recording_host::write_hard_state(const hard_state& state) {
  hard_states.push_back(state);
  return write_ticket{++tickets};
}

write_ticket recording_host::write_entries(log_index first, std::span<const log_record> records) {
  log.erase(log.lower_bound(first.value), log.end());
  for (const auto& r : records) log[first.value++] = r;
  return write_ticket{++tickets};
}

write_ticket recording_host::write_snapshot(const snapshot_point& point, log_index first_kept) {
  snapshots.push_back(point);
  log.erase(log.begin(), log.lower_bound(first_kept.value));
  return write_ticket{++tickets};
}

result<std::vector<log_record>> recording_host::load_entries(log_index first, std::size_t count) {
  ++loads;
  std::vector<log_record> out;
  for (auto i = first.value; out.size() < count && log.contains(i); ++i) out.push_back(log.at(i));
  if (out.empty()) return failure{errc::corrupt, "no such entry"};
  return out;
}

void recording_host::send(node_id, std::string message) {
  auto decoded = decode_raft_message(message);
  must(decoded.has_value(), "a replica's messages can be read");
  sent.push_back(std::move(*decoded));
}

void recording_host::apply(log_index first, std::span<const log_record> records) {
  for (const auto& r : records) {
    applied.emplace_back(first.value++, r.kind == entry_kind::command ? *r.payload : "(barrier)");
  }
}

void recording_host::role_changed(raft_role role, term at, node_id leader) {
  roles.push_back({role, at, leader});
}

void recording_host::install_snapshot(node_id, const snapshot_point& point, std::string manifest) {
  installs.push_back(point);
  installed_manifest = std::move(manifest);
}

std::vector<wire_message> recording_host::take(raft_core_message_kind kind) {
  std::vector<wire_message> out, rest;
  for (auto& m : sent) (!m.confirm && m.core.kind == kind ? out : rest).push_back(std::move(m));
  sent = std::move(rest);
  return out;
}

std::vector<wire_message> recording_host::take_confirms() {
  std::vector<wire_message> out, rest;
  for (auto& m : sent) (m.confirm ? out : rest).push_back(std::move(m));
  sent = std::move(rest);
  return out;
}

std::string recording_host::applied_text() const {
  std::string out;
  for (const auto& [_, text] : applied) out += text;
  return out;
}

scripted_replica::scripted_replica(std::uint64_t self, std::uint64_t voters, replica_guards guards,
                                   replica_tuning tuning, start_state from) {
  config.shard = shard_id{3};
  config.generation = generation{1};
  config.self = node_id{self};
  for (std::uint64_t v = 1; v <= voters; ++v) config.voters.push_back(node_id{v});
  config.seed = 7;
  config.tuning = tuning;
  hard = from.hard;
  snapshot = from.snapshot;
  node = std::make_unique<replica>(config, std::move(from), host, guards);
  node->start(now);
}

void scripted_replica::pass(std::uint64_t ms) {
  now += ms;
  node->tick(now);
}

void scripted_replica::pass_until_timeout() {
  now = std::max(now + 1, node->next_timeout_ms());
  node->tick(now);
}

void scripted_replica::restart(replica_guards guards) {
  if (!host.hard_states.empty()) hard = host.hard_states.back();
  if (!host.snapshots.empty()) snapshot = host.snapshots.back();
  start_state from{hard, snapshot, log_index{snapshot.index.value + 1}, {}, snapshot.index};
  if (!host.log.empty()) from.first = log_index{host.log.begin()->first};
  for (const auto& [_, r] : host.log)
    from.entries.push_back({r.term, r.kind, static_cast<std::uint32_t>(r.payload->size())});
  host.applied.clear();
  node = std::make_unique<replica>(config, std::move(from), host, guards);
  node->start(now);
}

void scripted_replica::give(wire_message message) {
  auto from = node_id{message.core.peer};
  message.address = {config.shard, config.generation, from, config.self};
  node->receive(now, from, encode_raft_message(message));
}

void scripted_replica::append(std::uint64_t from, std::uint64_t at_term, std::uint64_t prev,
                              std::uint64_t prev_term, std::uint64_t commit,
                              std::vector<std::pair<std::uint64_t, std::string>> records) {
  wire_message m;
  m.core.kind = RAFT_CORE_APPEND_ENTRIES;
  m.core.peer = from;
  m.core.term = at_term;
  m.core.append_entries.prev_log_index = prev;
  m.core.append_entries.prev_log_term = prev_term;
  m.core.append_entries.leader_commit = commit;
  for (auto& [t, text] : records)
    m.records.push_back({term{t}, entry_kind::command, payload(std::move(text))});
  give(std::move(m));
}

void scripted_replica::append_result(std::uint64_t from, std::uint64_t at_term, std::uint64_t rejected,
                                     std::uint64_t last) {
  wire_message m;
  m.core.kind = RAFT_CORE_APPEND_ENTRIES_RESULT;
  m.core.peer = from;
  m.core.term = at_term;
  m.core.append_entries_result.rejected = rejected;
  m.core.append_entries_result.last_log_index = last;
  give(std::move(m));
}

void scripted_replica::install(std::uint64_t from, std::uint64_t at_term, std::uint64_t last,
                               std::uint64_t last_term) {
  wire_message m;
  m.core.kind = RAFT_CORE_INSTALL_SNAPSHOT;
  m.core.peer = from;
  m.core.term = at_term;
  m.core.install_snapshot.last_index = last;
  m.core.install_snapshot.last_term = last_term;
  m.core.install_snapshot.configuration_index = 1;
  m.manifest = "manifest";
  give(std::move(m));
}

void scripted_replica::vote_request(std::uint64_t from, std::uint64_t at_term, std::uint64_t last,
                                    std::uint64_t last_term, raft_role phase) {
  wire_message m;
  m.core.kind = RAFT_CORE_REQUEST_VOTE;
  m.core.peer = from;
  m.core.term = at_term;
  m.core.request_vote.candidate = from;
  m.core.request_vote.last_log_index = last;
  m.core.request_vote.last_log_term = last_term;
  m.core.request_vote.pre_vote = phase == raft_role::follower;
  give(std::move(m));
}

void scripted_replica::vote_result(std::uint64_t from, std::uint64_t at_term, raft_role phase, bool granted) {
  wire_message m;
  m.core.kind = RAFT_CORE_REQUEST_VOTE_RESULT;
  m.core.peer = from;
  m.core.term = at_term;
  m.core.request_vote_result.vote_granted = granted;
  m.core.request_vote_result.pre_vote = phase == raft_role::follower;
  give(std::move(m));
}

void scripted_replica::confirm(std::uint64_t from, std::uint64_t at_term, std::uint64_t round, bool answer) {
  wire_message m;
  m.core.peer = from;
  m.confirm = confirm_term{term{at_term}, round, answer};
  give(std::move(m));
}

void scripted_replica::become_leader(std::uint64_t other) {
  pass_until_timeout();
  vote_result(other, status().term.value + 1, raft_role::follower);
  sync();
  vote_result(other, status().term.value, raft_role::candidate);
  sync();
  must(status().role == raft_role::leader, "the election was won");
  host.sent.clear();
}

}  // namespace troupe::testing
