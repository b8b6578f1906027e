// libraft 0.22.1's bugs and the contract of its step: each test shows the harm without the guard and its absence with it.
// The numbers are those of docs/decisions/0001.
#include <catch2/catch_test_macros.hpp>

#include <set>

#include "tests/support/scripted_replica.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

// All guards but one.
replica_guards without(bool replica_guards::*guard) {
  replica_guards g;
  g.*guard = false;
  return g;
}

// A configuration as libraft encodes it: version, count, then id, address and role (1: voter) of each.
std::string configuration_of(const std::vector<std::uint64_t>& voters) {
  auto number = [](std::uint64_t n) { return std::string(reinterpret_cast<const char*>(&n), 8); };
  std::string out = "\x01" + number(voters.size());
  for (auto v : voters) out += number(v) + std::to_string(v) + '\0' + '\x01';
  return out;
}

// A follower whose log was compacted up to entry 4: a heartbeat of a new leader that begins at 0 follows.
scripted_replica compacted_follower(replica_guards guards) {
  scripted_replica r(2, 3, guards);
  r.append(1, 2, 1, 1, 4, {{2, "a"}, {2, "b"}, {2, "c"}});
  r.sync();
  must(r.node->take_snapshot(r.now, log_index{4}, 0).value().value > 0, "compacted");
  r.sync();
  r.host.sent.clear();
  r.append(1, 2, 0, 0, 4, {{1, "genesis"}, {2, "a"}});
  r.sync();
  return r;
}

}  // namespace

TEST_CASE("guard 1: entries below the compacted log are not appended at its end") {
  auto unguarded = compacted_follower(without(&replica_guards::trim_compacted));
  REQUIRE(unguarded.host.why_closed);  // the core wanted to write entry 1 again, where entry 5 belongs
  CHECK(unguarded.host.why_closed->code == errc::corrupt);

  auto guarded = compacted_follower({});
  CHECK_FALSE(guarded.host.why_closed);
  CHECK(guarded.status().last == log_index{4});
  auto replies = guarded.host.take(RAFT_CORE_APPEND_ENTRIES_RESULT);
  REQUIRE(replies.size() == 1);
  CHECK(replies[0].core.append_entries_result.rejected == 0);
  CHECK(replies[0].core.append_entries_result.last_log_index == 4);
}

TEST_CASE("guard 1: what reaches beyond the compacted log is appended from there") {
  scripted_replica r(2, 3);
  r.append(1, 2, 1, 1, 4, {{2, "a"}, {2, "b"}, {2, "c"}});
  r.sync();
  REQUIRE(r.node->take_snapshot(r.now, log_index{4}, 0));
  r.sync();
  r.append(1, 2, 2, 2, 5, {{2, "b"}, {2, "c"}, {2, "d"}});
  r.sync();
  CHECK(r.host.applied_text() == "abcd");
  CHECK(r.status().last == log_index{5});
}

TEST_CASE("guard 2: a deposed leader's request is not acknowledged") {
  auto reply_to_stale = [](replica_guards guards) {
    scripted_replica r(2, 3, guards);
    r.append(3, 9, 1, 1, 1);
    r.sync();
    r.host.sent.clear();
    r.append(1, 4, 0, 0, 1);
    auto replies = r.host.take(RAFT_CORE_APPEND_ENTRIES_RESULT);
    must(replies.size() == 1, "one reply");
    CHECK(replies[0].core.term == 9);
    return replies[0].core.append_entries_result;
  };
  // Nothing is rejected, so last_log_index, which the core never set, would count as stored.
  CHECK(reply_to_stale(without(&replica_guards::answer_stale_terms)).rejected == 0);
  CHECK(reply_to_stale({}).rejected == 1);
  CHECK(reply_to_stale({}).last_log_index == 0);
}

TEST_CASE("guard 2: a deposed leader's snapshot is not acknowledged") {
  auto rejected = [](replica_guards guards) {
    scripted_replica r(2, 3, guards);
    r.append(3, 9, 1, 1, 1);
    r.sync();
    r.host.sent.clear();
    r.install(1, 4, 50, 4);
    return r.host.take(RAFT_CORE_APPEND_ENTRIES_RESULT).at(0).core.append_entries_result.rejected;
  };
  CHECK(rejected(without(&replica_guards::answer_stale_terms)) == 0);
  CHECK(rejected({}) == 1);
}

TEST_CASE("guard 3: a late rejection does not set a follower's progress below what it has") {
  auto entries_sent_after = [](replica_guards guards) {
    scripted_replica r(1, 3, guards);
    r.become_leader(2);
    for (int i = 0; i < 8; ++i) must(static_cast<bool>(r.propose("x")), "proposed");
    r.sync();
    auto t = r.status().term.value;
    r.append_result(2, t, 0, 6);
    r.append_result(3, t, 0, 6);
    // Voter 2 is silent for a while: the leader probes it again, from what it is known to have.
    for (int i = 0; i < 12; ++i) {
      r.append_result(3, t, 0, 6);
      r.pass(100);
    }
    r.host.sent.clear();
    r.append_result(2, t, 6, 2);  // sent long ago, when voter 2 had only 2 entries
    auto sent = r.host.take(RAFT_CORE_APPEND_ENTRIES);
    return sent.empty() ? ~std::uint64_t{0} : sent[0].core.append_entries.prev_log_index;
  };
  CHECK(entries_sent_after(without(&replica_guards::drop_stale_rejections)) < 6);
  CHECK(entries_sent_after({}) >= 6);
}

TEST_CASE("guard 4: a refused pre-vote tells the candidate how far behind its term is") {
  auto term_of_refusal = [](replica_guards guards) {
    scripted_replica r(2, 3, guards);
    r.append(3, 9, 1, 1, 1, {{9, "newer"}});
    r.sync();
    r.host.sent.clear();
    r.vote_request(1, 5, 1, 1, raft_role::follower);
    auto replies = r.host.take(RAFT_CORE_REQUEST_VOTE_RESULT);
    must(replies.size() == 1, "one reply");
    CHECK_FALSE(replies[0].core.request_vote_result.vote_granted);
    return replies[0].core.term;
  };
  CHECK(term_of_refusal(without(&replica_guards::true_prevote_term)) == 5);
  CHECK(term_of_refusal({}) == 9);
}

TEST_CASE("guard 5: a lone voter never makes two different entries with the same index and term") {
  auto terms = [](replica_guards guards) {
    scripted_replica r(1, 1, guards);
    must(static_cast<bool>(r.propose("lost in the crash")), "proposed");
    auto before = r.host.log.at(2).term;
    r.host.log.clear();  // not synced
    r.restart(guards);
    must(static_cast<bool>(r.propose("another")), "proposed");
    return std::pair{before, r.host.log.at(2).term};
  };
  auto unguarded = terms(without(&replica_guards::bump_lone_term));
  CHECK(unguarded.first == unguarded.second);
  auto guarded = terms({});
  CHECK(guarded.first < guarded.second);
}

TEST_CASE("guard 6: a configuration entry is not accepted, so no replaced one can stay in force") {
  auto addressed = [](replica_guards guards) {
    scripted_replica r(2, 3, guards);
    wire_message m;
    m.core.kind = RAFT_CORE_APPEND_ENTRIES;
    m.core.peer = 1;
    m.core.term = 2;
    m.core.append_entries.prev_log_index = 1;
    m.core.append_entries.prev_log_term = 1;
    m.core.append_entries.leader_commit = 1;
    m.records.push_back({term{2}, entry_kind::command, payload("a")});
    m.records.push_back({term{2}, entry_kind::command, payload("b")});
    m.records.push_back({term{2}, static_cast<entry_kind>(3), payload(configuration_of({1, 2, 3, 9}))});
    r.give(std::move(m));
    r.sync();
    r.append(3, 3, 1, 1, 1, {{2, "a"}, {2, "b"}});
    r.append(3, 3, 3, 2, 1, {{3, "instead"}});
    r.sync();
    r.host.sent.clear();
    r.pass(60'000);
    std::set<std::uint64_t> to;
    for (const auto& v : r.host.take(RAFT_CORE_REQUEST_VOTE)) to.insert(v.address.to.value);
    return to;
  };
  CHECK(addressed(without(&replica_guards::refuse_changes)) == std::set<std::uint64_t>{1, 3, 9});
  CHECK(addressed({}) == std::set<std::uint64_t>{1, 3});
}

TEST_CASE("guard 7: what is on its way to a follower is bounded in bytes") {
  auto entries_in_flight = [](replica_guards guards) {
    replica_tuning tuning;
    tuning.inflight_bytes_max = 1'000;
    scripted_replica r(1, 3, guards, tuning);
    r.become_leader(2);
    r.append_result(2, r.status().term.value, 0, r.status().last.value);
    r.host.sent.clear();
    for (int i = 0; i < 20; ++i) must(static_cast<bool>(r.propose(std::string(300, 'x'))), "proposed");
    std::size_t entries = 0;
    for (const auto& m : r.host.take(RAFT_CORE_APPEND_ENTRIES))
      if (m.address.to == node_id{2}) entries += m.records.size();
    return entries;
  };
  CHECK(entries_in_flight(without(&replica_guards::bound_inflight_bytes)) == 20);
  CHECK(entries_in_flight({}) == 3);
}

TEST_CASE("guard 7: a full window is not filled with messages that carry nothing") {
  auto empty_messages = [](replica_guards guards) {
    replica_tuning tuning;
    tuning.inflight_entries_max = 2;
    scripted_replica r(1, 3, guards, tuning);
    r.become_leader(2);
    r.append_result(2, r.status().term.value, 0, r.status().last.value);
    r.host.sent.clear();
    for (int i = 0; i < 20; ++i) must(static_cast<bool>(r.propose("x")), "proposed");
    std::size_t empty = 0;
    for (const auto& m : r.host.take(RAFT_CORE_APPEND_ENTRIES)) empty += m.records.empty() ? 1 : 0;
    return empty;
  };
  CHECK(empty_messages(without(&replica_guards::suppress_empty_appends)) == 18);
  CHECK(empty_messages({}) == 0);
}

TEST_CASE("guard 7: a full window still gets its heartbeats while proposals keep coming") {
  replica_tuning tuning;
  tuning.inflight_entries_max = 1;
  scripted_replica r(1, 3, {}, tuning);
  r.become_leader(2);
  r.append_result(2, r.status().term.value, 0, r.status().last.value);
  REQUIRE(r.propose("x"));
  r.host.sent.clear();
  for (int i = 0; i < 50; ++i) {
    r.now += 10;
    REQUIRE(r.propose("x"));
  }
  std::size_t to_voter_2 = 0;
  for (const auto& m : r.host.take(RAFT_CORE_APPEND_ENTRIES))
    if (m.address.to == node_id{2}) ++to_voter_2;
  CHECK(to_voter_2 >= 4);  // 500 ms, a heartbeat every 100
}

TEST_CASE("contract: no vote leaves before it is durable") {
  auto votes_sent = [](replica_guards guards) {
    scripted_replica r(2, 3, guards);
    r.vote_request(1, 5, 1, 1, raft_role::candidate);
    auto before = r.host.take(RAFT_CORE_REQUEST_VOTE_RESULT).size();
    r.sync();
    return std::pair{before, before + r.host.take(RAFT_CORE_REQUEST_VOTE_RESULT).size()};
  };
  CHECK(votes_sent(without(&replica_guards::hold_messages)) == std::pair<std::size_t, std::size_t>{1, 1});
  CHECK(votes_sent({}) == std::pair<std::size_t, std::size_t>{0, 1});
}

TEST_CASE("contract: a finished write of entries that were replaced meanwhile acknowledges nothing") {
  auto acknowledged = [](replica_guards guards) {
    scripted_replica r(2, 3, guards);
    r.append(1, 2, 1, 1, 1, {{2, "old"}, {2, "old"}});
    auto old_write = write_ticket{r.host.tickets};
    r.append(3, 3, 1, 1, 1, {{3, "new"}, {3, "new"}});
    auto term_write = write_ticket{r.host.tickets - 1};
    must(old_write < term_write, "the new term and the new entries are written after the old ones");
    r.node->written(r.now, term_write);
    std::uint64_t highest = 0;
    for (const auto& m : r.host.take(RAFT_CORE_APPEND_ENTRIES_RESULT))
      highest = std::max(highest, m.core.append_entries_result.last_log_index);
    return highest;
  };
  CHECK(acknowledged(without(&replica_guards::clip_persisted)) == 3);
  CHECK(acknowledged({}) == 0);
}

TEST_CASE("contract: what a majority of others committed waits for this voter's own disk") {
  auto applied_unsynced = [](replica_guards guards) {
    scripted_replica r(1, 3, guards);
    r.become_leader(2);
    must(static_cast<bool>(r.propose("x")), "proposed");
    auto t = r.status().term.value;
    r.append_result(2, t, 0, r.status().last.value);
    r.append_result(3, t, 0, r.status().last.value);
    return r.host.applied_text();
  };
  CHECK(applied_unsynced(without(&replica_guards::apply_only_stored)) == "x");
  CHECK(applied_unsynced({}).empty());
}
