// The replica as its owner sees it: what it asks of disk and network, in which order, and when it applies.
#include "storage/raft/replica.hpp"

#include <catch2/catch_test_macros.hpp>

#include "tests/support/scripted_replica.hpp"

using namespace troupe;
using namespace troupe::testing;

TEST_CASE("replica: a lone voter leads as soon as it starts") {
  scripted_replica r(1, 1);
  CHECK(r.status().role == raft_role::leader);
  CHECK(r.status().leader == node_id{1});
  REQUIRE(r.host.roles.size() == 1);
  CHECK(r.host.hard_states.back().term == term{2});
}

TEST_CASE("replica: an entry is applied only after its write is durable") {
  scripted_replica r(1, 1);
  auto index = r.propose("a");
  REQUIRE(index);
  CHECK(*index == log_index{2});
  CHECK(r.host.applied.empty());
  r.sync();
  CHECK(r.host.applied_text() == "a");
  CHECK(r.status().applied == log_index{2});
}

TEST_CASE("replica: what was stored before a restart is applied after it, read from the log") {
  scripted_replica r(1, 1);
  REQUIRE(r.propose("a"));
  REQUIRE(r.propose("b"));
  r.restart();
  CHECK(r.host.applied_text() == "ab");
  CHECK(r.host.loads > 0);
}

TEST_CASE("replica: a follower acknowledges after its write and applies after the commit") {
  scripted_replica r(2, 3);
  r.append(1, 2, 1, 1, 1, {{2, "a"}});
  CHECK(r.host.take(RAFT_CORE_APPEND_ENTRIES_RESULT).empty());
  r.sync();
  auto replies = r.host.take(RAFT_CORE_APPEND_ENTRIES_RESULT);
  REQUIRE(replies.size() == 1);
  CHECK(replies[0].core.append_entries_result.last_log_index == 2);
  CHECK(r.host.applied.empty());
  r.append(1, 2, 2, 2, 2);
  CHECK(r.host.applied_text() == "a");
}

TEST_CASE("replica: a leader commits with one follower out of two") {
  scripted_replica r(1, 3);
  r.become_leader(2);
  auto index = r.propose("a");
  REQUIRE(index);
  auto sent = r.host.take(RAFT_CORE_APPEND_ENTRIES);
  r.append_result(2, r.status().term.value, 0, 1);  // answers the first heartbeat: entries flow now
  sent = r.host.take(RAFT_CORE_APPEND_ENTRIES);
  REQUIRE(sent.size() == 1);
  CHECK(*sent[0].records.at(0).payload == "a");
  r.append_result(2, r.status().term.value, 0, index->value);
  CHECK(r.host.applied.empty());  // committed, but not on this disk yet
  r.sync();
  CHECK(r.host.applied_text() == "a");
}

TEST_CASE("replica: entries that a new leader replaced are never applied") {
  scripted_replica r(2, 3);
  r.append(1, 2, 1, 1, 1, {{2, "lost"}, {2, "lost"}});
  r.sync();
  r.append(3, 3, 1, 1, 1, {{3, "kept"}});
  r.sync();
  r.append(3, 3, 2, 3, 2);
  CHECK(r.host.applied_text() == "kept");
  CHECK(r.status().last == log_index{2});
}

TEST_CASE("replica: a proposal to a follower is refused and changes nothing") {
  scripted_replica r(2, 3);
  auto answer = r.propose("a");
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == errc::not_leader);
  CHECK(r.host.log.empty());
}

TEST_CASE("replica: a read on a lone voter is answered at once") {
  scripted_replica r(1, 1);
  r.node->read(r.now, read_id{9});
  REQUIRE(r.host.ready.size() == 1);
  CHECK(r.host.ready[0].first == read_id{9});
}

TEST_CASE("replica: a read waits until a majority confirms the term") {
  scripted_replica r(1, 3);
  r.become_leader(2);
  auto at = r.status().term.value;
  r.node->read(r.now, read_id{1});
  r.node->read(r.now, read_id{2});
  auto asked = r.host.take_confirms();
  REQUIRE(asked.size() == 2);  // one to each voter, for the first read
  CHECK(r.host.ready.empty());
  r.confirm(3, at, asked[0].confirm->round, true);
  REQUIRE(r.host.ready.size() == 1);
  asked = r.host.take_confirms();
  REQUIRE(asked.size() == 2);  // the second read came after the question: it gets a round of its own
  r.confirm(3, at, asked[0].confirm->round - 1, true);
  CHECK(r.host.ready.size() == 1);
  r.confirm(3, at, asked[0].confirm->round, true);
  CHECK(r.host.ready.size() == 2);
}

TEST_CASE("replica: an unanswered question about the term is asked again") {
  scripted_replica r(1, 3);
  r.become_leader(2);
  r.node->read(r.now, read_id{1});
  r.host.take_confirms();
  r.pass(r.config.tuning.heartbeat_ms);
  CHECK(r.host.take_confirms().size() == 2);
}

TEST_CASE("replica: reads that wait fail when leadership is lost") {
  scripted_replica r(1, 3);
  r.become_leader(2);
  r.node->read(r.now, read_id{1});
  r.append(2, r.status().term.value + 1, 1, 1, 1);
  CHECK(r.host.ready.empty());
  REQUIRE(r.host.failed.size() == 1);
  CHECK(r.status().role == raft_role::follower);
}

TEST_CASE("replica: a voter confirms its term only while that is durable and current") {
  scripted_replica r(2, 3);
  r.append(1, 5, 1, 1, 1);
  r.confirm(1, 5, 1, false);
  CHECK(r.host.take_confirms().empty());
  r.sync();
  r.confirm(1, 5, 2, false);
  auto answers = r.host.take_confirms();
  REQUIRE(answers.size() == 1);
  CHECK(answers[0].confirm->answer);
  r.confirm(1, 4, 3, false);
  CHECK(r.host.take_confirms().empty());
}

TEST_CASE("replica: compaction keeps the trailing entries and goes on from them after a restart") {
  scripted_replica r(1, 1);
  for (int i = 0; i < 10; ++i) REQUIRE(r.propose(std::to_string(i)));
  r.sync();
  auto ticket = r.node->take_snapshot(r.now, log_index{9}, 3);
  REQUIRE(ticket);
  CHECK(r.status().first == log_index{2});
  r.sync();
  CHECK(r.status().first == log_index{7});
  CHECK(r.status().snapshot.index == log_index{9});
  CHECK_FALSE(r.node->take_snapshot(r.now, log_index{9}, 3));
  r.restart();
  CHECK(r.host.applied_text() == "89");  // entries 10 and 11; the state holds what came before
}

TEST_CASE("replica: a snapshot is installed once and the log goes on after it") {
  scripted_replica r(2, 3);
  r.install(1, 4, 50, 3);
  REQUIRE(r.host.installs.size() == 1);
  CHECK(r.host.installed_manifest == "manifest");
  r.install(1, 4, 50, 3);
  CHECK(r.host.installs.size() == 1);
  r.append(1, 4, 50, 3, 60, {});
  CHECK(r.host.applied.empty());
  r.sync();
  r.node->snapshot_installed(r.now, log_index{52});
  CHECK(r.status().applied == log_index{52});
  auto replies = r.host.take(RAFT_CORE_APPEND_ENTRIES_RESULT);
  REQUIRE_FALSE(replies.empty());
  CHECK(replies.back().core.append_entries_result.last_log_index == 50);
  r.append(1, 4, 50, 3, 53, {{4, "x"}, {4, "y"}, {4, "z"}});
  r.sync();
  CHECK(r.host.applied_text() == "z");  // 51 and 52 were in the state that was pulled
}

TEST_CASE("replica: foreign and malformed messages are dropped and counted") {
  scripted_replica r(2, 3);
  r.node->receive(r.now, node_id{1}, "no message at all");
  r.append(9, 2, 1, 1, 1, {{2, "from a stranger"}});
  wire_message other;
  other.core.kind = RAFT_CORE_TIMEOUT_NOW;
  other.core.term = 2;
  other.address = {shard_id{4}, generation{1}, node_id{1}, node_id{2}};
  r.node->receive(r.now, node_id{1}, encode_raft_message(other));
  r.append(1, 2, 1, 1, 1, {{3, "of a term above its leader's"}});
  r.append(1, 2, 1, 2, 1, {{1, "of a term before its predecessor's"}});
  CHECK(r.status().dropped_messages == 5);
  CHECK(r.host.log.empty());
}

TEST_CASE("replica: a long log goes to a follower in messages of bounded size, read from disk") {
  replica_tuning tuning;
  tuning.message_bytes_max = 1000;
  tuning.cache_bytes_max = 0;
  scripted_replica r(1, 3, {}, tuning);
  r.become_leader(2);
  std::vector<std::shared_ptr<const std::string>> batch;
  for (int i = 0; i < 10; ++i) batch.push_back(payload(std::string(300, static_cast<char>('a' + i))));
  auto first = r.node->propose(r.now, batch);
  REQUIRE(first);
  r.sync();
  r.append_result(2, r.status().term.value, 0, 1);
  r.append_result(2, r.status().term.value, 0, r.status().last.value);
  CHECK(r.status().cached_bytes == 0);
  r.host.sent.clear();
  r.append_result(3, r.status().term.value, 0, 1);  // the other follower has nothing yet
  auto sent = r.host.take(RAFT_CORE_APPEND_ENTRIES);
  REQUIRE(sent.size() == 4);
  std::uint64_t next = 2;
  for (const auto& m : sent) {
    CHECK(m.core.append_entries.prev_log_index == next - 1);
    CHECK(m.records.size() <= 3);
    next += m.records.size();
  }
  CHECK(next == r.status().last.value + 1);
}

TEST_CASE("replica: leadership is handed over and proposals are refused meanwhile") {
  scripted_replica r(1, 3);
  r.become_leader(2);
  r.append_result(2, r.status().term.value, 0, r.status().last.value);
  REQUIRE(r.node->transfer(r.now, node_id{2}));
  auto sent = r.host.take(RAFT_CORE_TIMEOUT_NOW);
  REQUIRE(sent.size() == 1);
  CHECK(sent[0].address.to == node_id{2});
  auto answer = r.propose("late");
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == errc::not_leader);
}

TEST_CASE("replica: a corrupt start is refused instead of corrupting more") {
  auto from = fresh_start();
  from.hard.term = term{3};
  from.entries = {{term{3}, entry_kind::command, 1}, {term{2}, entry_kind::command, 1}};
  scripted_replica r(1, 3, {}, {}, from);
  REQUIRE(r.host.why_closed);
  CHECK(r.host.why_closed->code == errc::corrupt);
  CHECK_FALSE(r.propose("a"));
}

TEST_CASE("replica: closing it fails the reads that wait and refuses proposals") {
  scripted_replica r(1, 3);
  r.become_leader(2);
  r.node->read(r.now, read_id{1});
  r.node->close();
  CHECK(r.host.failed.size() == 1);
  CHECK(r.propose("a").error().code == errc::unavailable);
  r.pass(10'000);
  CHECK(r.status().closed);
}

TEST_CASE("replica: who loses the connection to its leader asks for votes soon, and others for it") {
  scripted_replica r(2, 3);
  r.append(1, 2, 1, 1, 1);
  r.sync();
  r.host.sent.clear();
  r.node->lost(r.now, node_id{3});  // not the leader
  CHECK(r.node->next_timeout_ms() >= r.now + r.config.tuning.election_ms);
  r.vote_request(3, 3, 1, 1, raft_role::follower);
  auto answers = r.host.take(RAFT_CORE_REQUEST_VOTE_RESULT);
  REQUIRE(answers.size() == 1);
  CHECK_FALSE(answers[0].core.request_vote_result.vote_granted);

  r.node->lost(r.now, node_id{1});
  r.vote_request(3, 3, 1, 1, raft_role::follower);
  answers = r.host.take(RAFT_CORE_REQUEST_VOTE_RESULT);
  REQUIRE(answers.size() == 1);
  CHECK(answers[0].core.request_vote_result.vote_granted);
  CHECK(r.node->next_timeout_ms() <= r.now + 3 * r.config.tuning.campaign_ms);
  r.pass_until_timeout();
  CHECK(r.status().role == raft_role::candidate);
  CHECK(r.host.take(RAFT_CORE_REQUEST_VOTE).size() == 2);
  // A candidate waits for a whole election timeout of its own.
  CHECK(r.node->next_timeout_ms() >= r.now + r.config.tuning.election_ms);
}

TEST_CASE("replica: a leader that is heard again is stood up for again") {
  scripted_replica r(2, 3);
  r.append(1, 2, 1, 1, 1);
  r.sync();
  r.node->lost(r.now, node_id{1});
  r.append(1, 2, 1, 1, 1);
  r.host.sent.clear();
  r.vote_request(3, 3, 1, 1, raft_role::follower);
  auto answers = r.host.take(RAFT_CORE_REQUEST_VOTE_RESULT);
  REQUIRE(answers.size() == 1);
  CHECK_FALSE(answers[0].core.request_vote_result.vote_granted);
  r.pass(5 * r.config.tuning.campaign_ms);
  CHECK(r.status().role == raft_role::follower);
}

TEST_CASE("replica: who still writes asks for votes when it has written") {
  scripted_replica r(2, 3);
  r.append(1, 2, 1, 1, 1);
  r.sync();
  r.append(1, 2, 1, 1, 1, {{2, "a"}});
  r.node->lost(r.now, node_id{1});
  for (int i = 0; i < 20; ++i) r.pass_until_timeout();
  CHECK(r.status().role == raft_role::follower);
  r.sync();
  r.pass_until_timeout();
  CHECK(r.status().role == raft_role::candidate);
}
