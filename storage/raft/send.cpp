// Messages out. The core names entries by index; their payloads are filled in here, and one long AppendEntries is cut into
// several. Nothing leaves before the term and vote of its time are durable.
#include <algorithm>

#include "storage/raft/replica_body.hpp"

namespace troupe {

namespace {

// What may wait for the disk; more is lost, as messages may be.
constexpr std::size_t held_messages_max = 4'096;
constexpr std::size_t held_bytes_max = 16 * 1024 * 1024;

}  // namespace

message_address replica::body::address_to(node_id to) const {
  return {config_.shard, config_.generation, config_.self, to};
}

void replica::body::send_core(const raft_core_message& message, bool proposal) {
  if (message.kind == RAFT_CORE_APPEND_ENTRIES) {
    if (suppressible(message, proposal)) return;
    sent_ms_[node_id{message.peer}] = now_ms_;
    if (message.append_entries.entry_count > 0) return send_entries(message);
  }
  wire_message out;
  out.address = address_to(node_id{message.peer});
  out.core = message;
  if (message.kind == RAFT_CORE_INSTALL_SNAPSHOT) {
    out.manifest = host_.snapshot_manifest(
        {log_index{message.install_snapshot.last_index}, term{message.install_snapshot.last_term}});
  }
  if (message.kind == RAFT_CORE_REQUEST_VOTE_RESULT && guards_.true_prevote_term) {
    const auto& r = message.request_vote_result;
    if (r.pre_vote && !r.vote_granted) out.core.term = std::max(message.term, look().term);
  }
  post(std::move(out));
}

// With a full window the core answers every proposal with an AppendEntries that carries nothing.
bool replica::body::suppressible(const raft_core_message& message, bool proposal) const {
  if (!guards_.suppress_empty_appends || !proposal) return false;
  if (message.append_entries.entry_count > 0) return false;
  auto last = sent_ms_.find(node_id{message.peer});
  return last != sent_ms_.end() && now_ms_ - last->second < config_.tuning.heartbeat_ms;
}

void replica::body::send_entries(const raft_core_message& message) {
  auto next = log_index{message.append_entries.prev_log_index + 1};
  auto end = log_index{next.value + message.append_entries.entry_count};
  auto before = message.append_entries.prev_log_term;
  while (next < end && !closed_) {
    wire_message out;
    out.address = address_to(node_id{message.peer});
    out.core = message;
    out.core.append_entries.prev_log_index = next.value - 1;
    out.core.append_entries.prev_log_term = before;
    out.records = collect(next, end.value - next.value, config_.tuning.message_bytes_max);
    if (out.records.empty()) return;
    before = out.records.back().term.value;
    next = log_index{next.value + out.records.size()};
    post(std::move(out));
  }
}

std::vector<log_record> replica::body::collect(log_index first, std::uint64_t count, std::size_t bytes_max) {
  std::uint64_t taken = 0;
  std::size_t bytes = 0;
  while (taken < count) {
    log_index i{first.value + taken};
    must(log_.has(i), "the entry is in the log");
    bytes += log_.bytes_at(i);
    if (taken > 0 && bytes > bytes_max) break;
    ++taken;
  }
  std::vector<log_record> out;
  out.reserve(taken);
  if (first < log_.cached_from()) {
    auto from_disk = std::min(taken, log_.cached_from().value - first.value);
    // Compaction has asked the disk to drop these: the follower will get the snapshot.
    if (taking_ && first < taking_->first_kept) return out;
    auto loaded = host_.load_entries(first, from_disk);
    if (!loaded) {
      fail(loaded.error().code, "the log cannot be read: " + loaded.error().detail);
      return out;
    }
    must(!loaded->empty() && loaded->size() <= from_disk, "as many entries as asked for");
    for (std::size_t i = 0; i < loaded->size(); ++i) {
      if ((*loaded)[i].term == log_.term_at(log_index{first.value + i})) continue;
      fail(errc::corrupt, "the log on disk is not the one that was written");
      return {};
    }
    if (loaded->size() < from_disk) return std::move(*loaded);
    out = std::move(*loaded);
  }
  while (out.size() < taken) out.push_back(log_.record(log_index{first.value + out.size()}));
  return out;
}

void replica::body::ask_term(node_id voter) {
  wire_message out;
  out.address = address_to(voter);
  out.confirm = confirm_term{role_term_, reads_.round(), false};
  post(std::move(out));
}

void replica::body::post(wire_message message) {
  auto to = message.address.to;
  auto bytes = encode_raft_message(message);
  if (!guards_.hold_messages || gate_ <= durable_) return host_.send(to, std::move(bytes));
  if (held_.size() >= held_messages_max || held_bytes_ + bytes.size() > held_bytes_max) return;
  held_bytes_ += bytes.size();
  held_.push_back({gate_, to, std::move(bytes)});
}

void replica::body::release_messages() {
  while (!held_.empty() && held_.front().gate <= durable_) {
    auto m = std::move(held_.front());
    held_.pop_front();
    held_bytes_ -= m.bytes.size();
    host_.send(m.to, std::move(m.bytes));
  }
}

}  // namespace troupe
