// Messages in. The core is built without assertions and has the bugs of docs/decisions/0001: what it must not see is
// dropped, answered or mended here.
#include <algorithm>

#include "storage/raft/replica_body.hpp"

namespace troupe {

void replica::body::receive(std::uint64_t now_ms, node_id from, std::string_view bytes) {
  inside here(*this);
  pass_time(now_ms);
  if (!started_ || closed_) return;
  auto message = decode_raft_message(bytes);
  message_address expected{config_.shard, config_.generation, from, config_.self};
  if (!message || message->address != expected || from == config_.self || !is_voter(from)) return drop();
  if (message->confirm) return receive_confirm(from, *message->confirm);
  switch (message->core.kind) {
    case RAFT_CORE_APPEND_ENTRIES: return receive_append(*message);
    case RAFT_CORE_INSTALL_SNAPSHOT: return receive_install(*message);
    case RAFT_CORE_APPEND_ENTRIES_RESULT: return receive_append_result(*message);
    case RAFT_CORE_REQUEST_VOTE:
      if (message->core.request_vote.candidate != from.value) return drop();
      // The core stands up for a leader until the election timeout has passed.
      if (suspect_.value != 0 && suspect_ == leader_) message->core.request_vote.disrupt_leader = true;
      return step_receive(*message);
    default: return step_receive(*message);
  }
}

void replica::body::step_receive(wire_message& message) {
  std::vector<raft_core_entry> entries;
  entries.reserve(message.records.size());
  for (const auto& r : message.records) {
    entries.push_back(
        {r.term.value, static_cast<std::uint16_t>(r.kind), r.payload->data(), r.payload->size()});
  }
  if (message.core.kind == RAFT_CORE_APPEND_ENTRIES) {
    message.core.append_entries.entries = entries.data();
    message.core.append_entries.entry_count = static_cast<std::uint32_t>(entries.size());
  }
  raft_core_update update;
  int error = raft_core_receive(core_.get(), now_ms_, &message.core, &update);
  drive(error, update,
        {.records = message.records, .from = message.address.from, .manifest = &message.manifest});
}

void replica::body::receive_append(wire_message& message) {
  auto v = look();
  if (answer_stale_term(message)) return;
  // Two leaders in one term do not exist: the sender is broken.
  if (message.core.term == v.term && v.role == RAFT_CORE_LEADER) return drop();
  for (const auto& r : message.records) {
    bool known = r.kind == entry_kind::command || r.kind == entry_kind::barrier;
    if (guards_.refuse_changes && !known) return drop();
  }
  if (guards_.trim_compacted) trim_compacted(message);
  heard_leader();
  heard_term_ = term{message.core.term};
  if (told_ms_ == 0) {
    told_commit_ = log_index{message.core.append_entries.leader_commit};
    told_ms_ = now_ms_;
  }
  step_receive(message);
  note_freshness();
}

// A commit that the leader told of is applied: the state is as fresh as that word.
void replica::body::note_freshness() {
  if (told_ms_ == 0 || applied_ < told_commit_) return;
  fresh_ms_ = told_ms_;
  told_ms_ = 0;
}

void replica::body::receive_install(wire_message& message) {
  auto v = look();
  if (answer_stale_term(message)) return;
  if (message.core.term == v.term && v.role == RAFT_CORE_LEADER) return drop();
  heard_leader();
  heard_term_ = term{message.core.term};
  // The core would ignore it, and lose memory. The leader sends it again.
  if (installing_) return;
  step_receive(message);
}

void replica::body::heard_leader() {
  suspect_ = {};
  campaign_at_ms_ = 0;
}

// A deposed leader's request: the core's own reply carries memory that was never set.
bool replica::body::answer_stale_term(const wire_message& message) {
  auto own = look().term;
  if (!guards_.answer_stale_terms || message.core.term >= own) return false;
  wire_message out;
  out.address = address_to(message.address.from);
  out.core.kind = RAFT_CORE_APPEND_ENTRIES_RESULT;
  out.core.term = own;
  out.core.append_entries_result.rejected = 1;
  out.core.append_entries_result.last_log_index = 0;
  post(std::move(out));
  return true;
}

// The core takes entries below its compacted log for new ones. All of them are in the snapshot already: begin after it.
void replica::body::trim_compacted(wire_message& message) const {
  auto v = look();
  auto& append = message.core.append_entries;
  if (installing_ || message.core.term < v.term || append.prev_log_index >= v.snapshot_index) return;
  auto covered = v.snapshot_index - append.prev_log_index;
  auto& records = message.records;
  records.erase(records.begin(), records.begin() + static_cast<std::ptrdiff_t>(
                                                       std::min<std::uint64_t>(covered, records.size())));
  append.prev_log_index = v.snapshot_index;
  append.prev_log_term = v.snapshot_term;
}

void replica::body::receive_append_result(const wire_message& message) {
  const auto& r = message.core.append_entries_result;
  auto v = look();
  bool ours = v.role == RAFT_CORE_LEADER && message.core.term == v.term;
  // The follower is known to have more: the rejection is from before, or its reply is a stale-term answer.
  if (guards_.drop_stale_rejections && ours && r.rejected > 0 &&
      r.last_log_index < raft_core_match_index(core_.get(), message.core.peer))
    return;
  auto copy = message;
  step_receive(copy);
}

void replica::body::receive_confirm(node_id from, const confirm_term& message) {
  auto v = look();
  if (message.answer) {
    if (role_ != raft_role::leader || message.term != role_term_) return;
    reads_.confirm(from, message.round);
    return serve_reads();
  }
  // Only a durable term is an answer: a crash must not make this voter forget that it may have voted since.
  if (message.term.value != v.term || gate_ > durable_) return;
  wire_message out;
  out.address = address_to(from);
  out.confirm = confirm_term{message.term, message.round, true};
  post(std::move(out));
}

}  // namespace troupe
