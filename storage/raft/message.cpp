#include "storage/raft/message.hpp"

#include <kj/exception.h>

#include <limits>

#include "protocol/message.hpp"
#include "protocol/schema/raft_message.capnp.h"

namespace troupe {

namespace {

// Far above what any log reaches, far below where index arithmetic would wrap.
constexpr std::uint64_t number_max = std::uint64_t{1} << 62;

void write_append(const wire_message& from, schema::AppendEntries::Builder to) {
  const auto& m = from.core.append_entries;
  to.setTerm(from.core.term);
  to.setPrevLogIndex(m.prev_log_index);
  to.setPrevLogTerm(m.prev_log_term);
  to.setLeaderCommit(m.leader_commit);
  auto entries = to.initEntries(static_cast<unsigned>(from.records.size()));
  for (unsigned i = 0; i < entries.size(); ++i) {
    entries[i].setTerm(from.records[i].term.value);
    entries[i].setType(static_cast<std::uint16_t>(from.records[i].kind));
    entries[i].setData(data_of(*from.records[i].payload));
  }
}

void write_core(const wire_message& from, schema::RaftMessage::Builder to) {
  const auto& m = from.core;
  switch (m.kind) {
    case RAFT_CORE_APPEND_ENTRIES: write_append(from, to.initAppendEntries()); break;
    case RAFT_CORE_APPEND_ENTRIES_RESULT: {
      auto r = to.initAppendEntriesResult();
      r.setTerm(m.term);
      r.setRejected(m.append_entries_result.rejected);
      r.setLastLogIndex(m.append_entries_result.last_log_index);
      r.setFeatures(m.append_entries_result.features);
      r.setCapacity(m.append_entries_result.capacity);
      break;
    }
    case RAFT_CORE_REQUEST_VOTE: {
      auto r = to.initRequestVote();
      r.setTerm(m.term);
      r.setCandidateId(m.request_vote.candidate);
      r.setLastLogIndex(m.request_vote.last_log_index);
      r.setLastLogTerm(m.request_vote.last_log_term);
      r.setDisruptLeader(m.request_vote.disrupt_leader);
      r.setPreVote(m.request_vote.pre_vote);
      break;
    }
    case RAFT_CORE_REQUEST_VOTE_RESULT: {
      auto r = to.initRequestVoteResult();
      r.setTerm(m.term);
      r.setVoteGranted(m.request_vote_result.vote_granted);
      r.setPreVote(m.request_vote_result.pre_vote);
      r.setFeatures(m.request_vote_result.features);
      r.setCapacity(m.request_vote_result.capacity);
      break;
    }
    case RAFT_CORE_INSTALL_SNAPSHOT: {
      auto r = to.initInstallSnapshot();
      r.setTerm(m.term);
      r.setLastIndex(m.install_snapshot.last_index);
      r.setLastTerm(m.install_snapshot.last_term);
      r.setConfigurationIndex(m.install_snapshot.configuration_index);
      r.setManifest(data_of(from.manifest));
      break;
    }
    case RAFT_CORE_TIMEOUT_NOW: {
      auto r = to.initTimeoutNow();
      r.setTerm(m.term);
      r.setLastLogIndex(m.timeout_now.last_log_index);
      r.setLastLogTerm(m.timeout_now.last_log_term);
      break;
    }
  }
}

bool sane(std::uint64_t term, std::uint64_t a = 0, std::uint64_t b = 0, std::uint64_t c = 0) {
  return term > 0 && term < number_max && a < number_max && b < number_max && c < number_max;
}

bool read_append(schema::AppendEntries::Reader from, wire_message& to) {
  auto& m = to.core.append_entries;
  to.core.kind = RAFT_CORE_APPEND_ENTRIES;
  to.core.term = from.getTerm();
  m.prev_log_index = from.getPrevLogIndex();
  m.prev_log_term = from.getPrevLogTerm();
  m.leader_commit = from.getLeaderCommit();
  m.entry_count = from.getEntries().size();
  if (!sane(to.core.term, m.prev_log_index, m.prev_log_term, m.leader_commit)) return false;
  if ((m.prev_log_index == 0) != (m.prev_log_term == 0)) return false;
  // Terms never go back within a log, and none is above its leader's.
  auto at_least = m.prev_log_term > 0 ? m.prev_log_term : 1;
  for (auto entry : from.getEntries()) {
    if (entry.getTerm() < at_least || entry.getTerm() > to.core.term) return false;
    at_least = entry.getTerm();
    auto data = view_of(entry.getData());
    to.records.push_back({term{entry.getTerm()}, static_cast<entry_kind>(entry.getType()),
                          std::make_shared<const std::string>(data)});
  }
  return at_least <= to.core.term;
}

bool read_append_result(schema::AppendEntriesResult::Reader from, raft_core_message& to) {
  to.kind = RAFT_CORE_APPEND_ENTRIES_RESULT;
  to.term = from.getTerm();
  to.append_entries_result.rejected = from.getRejected();
  to.append_entries_result.last_log_index = from.getLastLogIndex();
  to.append_entries_result.features = static_cast<std::uint16_t>(from.getFeatures());
  to.append_entries_result.capacity = static_cast<std::uint16_t>(from.getCapacity());
  return sane(to.term, from.getRejected(), from.getLastLogIndex());
}

bool read_vote(schema::RequestVote::Reader from, raft_core_message& to) {
  to.kind = RAFT_CORE_REQUEST_VOTE;
  to.term = from.getTerm();
  to.request_vote.candidate = from.getCandidateId();
  to.request_vote.last_log_index = from.getLastLogIndex();
  to.request_vote.last_log_term = from.getLastLogTerm();
  to.request_vote.disrupt_leader = from.getDisruptLeader();
  to.request_vote.pre_vote = from.getPreVote();
  return sane(to.term, from.getLastLogIndex(), from.getLastLogTerm());
}

bool read_vote_result(schema::RequestVoteResult::Reader from, raft_core_message& to) {
  to.kind = RAFT_CORE_REQUEST_VOTE_RESULT;
  to.term = from.getTerm();
  to.request_vote_result.vote_granted = from.getVoteGranted();
  to.request_vote_result.pre_vote = from.getPreVote();
  to.request_vote_result.features = static_cast<std::uint16_t>(from.getFeatures());
  to.request_vote_result.capacity = static_cast<std::uint16_t>(from.getCapacity());
  return sane(to.term);
}

bool read_install(schema::InstallSnapshot::Reader from, wire_message& to) {
  to.core.kind = RAFT_CORE_INSTALL_SNAPSHOT;
  to.core.term = from.getTerm();
  to.core.install_snapshot.last_index = from.getLastIndex();
  to.core.install_snapshot.last_term = from.getLastTerm();
  to.core.install_snapshot.configuration_index = from.getConfigurationIndex();
  to.manifest = std::string(view_of(from.getManifest()));
  return sane(from.getTerm(), from.getLastIndex(), from.getLastTerm()) && from.getLastIndex() > 0 &&
         from.getLastTerm() > 0 && from.getLastTerm() <= from.getTerm();
}

bool read_timeout_now(schema::TimeoutNow::Reader from, raft_core_message& to) {
  to.kind = RAFT_CORE_TIMEOUT_NOW;
  to.term = from.getTerm();
  to.timeout_now.last_log_index = from.getLastLogIndex();
  to.timeout_now.last_log_term = from.getLastLogTerm();
  return sane(to.term, from.getLastLogIndex(), from.getLastLogTerm());
}

bool read_body(schema::RaftMessage::Reader from, wire_message& to) {
  to.core.peer = from.getFrom();
  switch (from.which()) {
    case schema::RaftMessage::REQUEST_VOTE: return read_vote(from.getRequestVote(), to.core);
    case schema::RaftMessage::REQUEST_VOTE_RESULT:
      return read_vote_result(from.getRequestVoteResult(), to.core);
    case schema::RaftMessage::APPEND_ENTRIES: return read_append(from.getAppendEntries(), to);
    case schema::RaftMessage::APPEND_ENTRIES_RESULT:
      return read_append_result(from.getAppendEntriesResult(), to.core);
    case schema::RaftMessage::INSTALL_SNAPSHOT: return read_install(from.getInstallSnapshot(), to);
    case schema::RaftMessage::TIMEOUT_NOW: return read_timeout_now(from.getTimeoutNow(), to.core);
    case schema::RaftMessage::CONFIRM_TERM: {
      auto c = from.getConfirmTerm();
      to.confirm = confirm_term{term{c.getTerm()}, c.getRound(), c.getAnswer()};
      return sane(c.getTerm());
    }
  }
  return false;  // a kind of a newer version
}

}  // namespace

std::string encode_raft_message(const wire_message& message) {
  std::size_t payload = message.manifest.size();
  for (const auto& r : message.records) payload += r.payload->size() + 32;
  capnp::MallocMessageBuilder builder(static_cast<unsigned>(payload / sizeof(capnp::word)) + 64);
  auto root = builder.initRoot<schema::RaftMessage>();
  root.setShard(message.address.shard.value);
  root.setGeneration(message.address.generation.value);
  root.setFrom(message.address.from.value);
  root.setTo(message.address.to.value);
  if (message.confirm) {
    auto c = root.initConfirmTerm();
    c.setTerm(message.confirm->term.value);
    c.setRound(message.confirm->round);
    c.setAnswer(message.confirm->answer);
  } else {
    write_core(message, root);
  }
  return to_bytes(builder);
}

std::optional<wire_message> decode_raft_message(std::string_view bytes) {
  try {
    message_reader reader(bytes);
    auto root = reader.root<schema::RaftMessage>();
    wire_message out;
    out.address = {shard_id{root.getShard()}, generation{root.getGeneration()}, node_id{root.getFrom()},
                   node_id{root.getTo()}};
    if (!read_body(root, out)) return std::nullopt;
    return out;
  } catch (const kj::Exception&) {
    return std::nullopt;
  }
}

}  // namespace troupe
