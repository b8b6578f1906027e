// The wire form of what replicas say to each other.
#include "storage/raft/message.hpp"

#include <catch2/catch_test_macros.hpp>

#include "tests/support/golden.hpp"

using namespace troupe;
using namespace troupe::testing;

namespace {

wire_message message_of(raft_core_message_kind kind) {
  wire_message m;
  m.address = {shard_id{3}, generation{2}, node_id{11}, node_id{12}};
  m.core.kind = kind;
  m.core.peer = 11;
  m.core.term = 7;
  return m;
}

wire_message append_entries() {
  auto m = message_of(RAFT_CORE_APPEND_ENTRIES);
  m.core.append_entries.prev_log_index = 41;
  m.core.append_entries.prev_log_term = 5;
  m.core.append_entries.leader_commit = 40;
  m.records.push_back({term{6}, entry_kind::command, std::make_shared<const std::string>("payload one")});
  m.records.push_back({term{7}, entry_kind::barrier, std::make_shared<const std::string>()});
  return m;
}

}  // namespace

TEST_CASE("raft message: the bytes of every kind are what they were") {
  CHECK(golden("raft_append_entries", encode_raft_message(append_entries())));

  auto result = message_of(RAFT_CORE_APPEND_ENTRIES_RESULT);
  result.core.append_entries_result = {.rejected = 3, .last_log_index = 2, .features = 1, .capacity = 9};
  CHECK(golden("raft_append_entries_result", encode_raft_message(result)));

  auto vote = message_of(RAFT_CORE_REQUEST_VOTE);
  vote.core.request_vote = {
      .candidate = 11, .last_log_index = 42, .last_log_term = 6, .disrupt_leader = true, .pre_vote = true};
  CHECK(golden("raft_request_vote", encode_raft_message(vote)));

  auto vote_result = message_of(RAFT_CORE_REQUEST_VOTE_RESULT);
  vote_result.core.request_vote_result = {
      .vote_granted = true, .pre_vote = true, .features = 1, .capacity = 9};
  CHECK(golden("raft_request_vote_result", encode_raft_message(vote_result)));

  auto install = message_of(RAFT_CORE_INSTALL_SNAPSHOT);
  install.core.install_snapshot = {.last_index = 100, .last_term = 6, .configuration_index = 1};
  install.manifest = "where to pull the state";
  CHECK(golden("raft_install_snapshot", encode_raft_message(install)));

  auto timeout = message_of(RAFT_CORE_TIMEOUT_NOW);
  timeout.core.timeout_now = {.last_log_index = 42, .last_log_term = 7};
  CHECK(golden("raft_timeout_now", encode_raft_message(timeout)));

  auto confirm = message_of(RAFT_CORE_TIMEOUT_NOW);
  confirm.confirm = confirm_term{term{7}, 12, true};
  CHECK(golden("raft_confirm_term", encode_raft_message(confirm)));
}

TEST_CASE("raft message: what is encoded is decoded again") {
  auto m = decode_raft_message(encode_raft_message(append_entries()));
  REQUIRE(m);
  CHECK(m->address == append_entries().address);
  CHECK(m->core.term == 7);
  CHECK(m->core.append_entries.prev_log_index == 41);
  CHECK(m->core.append_entries.leader_commit == 40);
  REQUIRE(m->records.size() == 2);
  CHECK(*m->records[0].payload == "payload one");
  CHECK(m->records[1].kind == entry_kind::barrier);
}

TEST_CASE("raft message: bytes cut short or flipped never get through as another message") {
  auto bytes = encode_raft_message(append_entries());
  for (std::size_t n = 0; n < bytes.size(); ++n) decode_raft_message(bytes.substr(0, n));
  CHECK_FALSE(decode_raft_message(""));
  CHECK_FALSE(decode_raft_message(bytes.substr(0, bytes.size() / 2)));
}

TEST_CASE("raft message: terms and indexes that no correct sender has are refused") {
  auto no_term = append_entries();
  no_term.core.term = 0;
  CHECK_FALSE(decode_raft_message(encode_raft_message(no_term)));

  auto half_anchor = append_entries();
  half_anchor.core.append_entries.prev_log_index = 0;
  CHECK_FALSE(decode_raft_message(encode_raft_message(half_anchor)));

  auto overflowing = append_entries();
  overflowing.core.append_entries.prev_log_index = ~std::uint64_t{0};
  CHECK_FALSE(decode_raft_message(encode_raft_message(overflowing)));

  auto empty_snapshot = message_of(RAFT_CORE_INSTALL_SNAPSHOT);
  CHECK_FALSE(decode_raft_message(encode_raft_message(empty_snapshot)));
}
