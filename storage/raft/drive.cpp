// What follows every step of the core, always in this order: term and vote, entries, snapshot (asked of the disk), messages
// (behind them), the role, what is now committed, the reads.
#include <algorithm>

#include "storage/raft/replica_body.hpp"

namespace troupe {

namespace {

// How much apply() is given at once.
constexpr std::uint64_t apply_entries_max = 256;
constexpr std::size_t apply_bytes_max = 1024 * 1024;

const std::shared_ptr<const std::string>& no_payload() {
  static const auto empty = std::make_shared<const std::string>();
  return empty;
}

}  // namespace

raft_core_view replica::body::look() const {
  raft_core_view view;
  raft_core_look(core_.get(), &view);
  return view;
}

bool replica::body::drive(int error, const raft_core_update& update, const given& in) {
  if (error != 0) {
    fail(errc::corrupt, std::string("the consensus core stopped: ") + raft_core_strerror(error));
    return false;
  }
  if (update.hard_state) {
    auto v = look();
    gate_ = host_.write_hard_state({term{v.term}, node_id{v.vote}});
  }
  if (update.first_index != 0) write_entries(update, in);
  if (closed_) return false;
  if (update.snapshot_index != 0) begin_install(update, in);
  for (std::uint32_t i = 0; i < update.message_count && !closed_; ++i)
    send_core(update.messages[i], in.proposal);
  if (!closed_) follow_role();
  if (!closed_) apply_committed();
  if (!closed_) serve_reads();
  return !closed_;
}

void replica::body::write_entries(const raft_core_update& update, const given& in) {
  std::vector<log_record> records;
  records.reserve(update.entry_count);
  for (std::uint32_t i = 0; i < update.entry_count; ++i) {
    const auto& e = update.entries[i];
    auto payload = no_payload();
    if (update.entries_from >= 0)
      payload = in.records[static_cast<std::size_t>(update.entries_from) + i].payload;
    records.push_back({term{e.term}, static_cast<entry_kind>(e.kind), std::move(payload)});
  }
  log_index first{update.first_index};
  if (first < log_.first() || first.value > log_.last().value + 1)
    return fail(errc::corrupt, "the consensus core writes outside of its log");
  log_.replace_from(first, records, ++writes_);
  auto ticket = host_.write_entries(first, records);
  pending_writes_.push_back({ticket, first, update.entry_count, writes_});
  set_window();
}

void replica::body::begin_install(const raft_core_update& update, const given& in) {
  installing_ = true;
  install_point_ = {log_index{update.snapshot_index}, term{update.snapshot_term}};
  log_.reset(log_index{update.snapshot_index + 1});
  host_.install_snapshot(in.from, install_point_,
                         in.manifest != nullptr ? std::move(*in.manifest) : std::string{});
}

// The core counts its window in entries; ours is in bytes.
void replica::body::set_window() {
  const auto& t = config_.tuning;
  std::uint32_t window = t.inflight_entries_max;
  if (guards_.bound_inflight_bytes) {
    auto largest = std::max<std::size_t>(log_.largest_bytes(), 1);
    auto fitting = std::clamp<std::size_t>(t.inflight_bytes_max / largest, 1, window);
    window = static_cast<std::uint32_t>(fitting);
  }
  if (window == window_) return;
  window_ = window;
  raft_core_set_inflight_max(core_.get(), window);
}

void replica::body::follow_role() {
  auto v = look();
  raft_role role = v.role == RAFT_CORE_LEADER      ? raft_role::leader
                   : v.role == RAFT_CORE_CANDIDATE ? raft_role::candidate
                                                   : raft_role::follower;
  node_id leader{role == raft_role::follower && heard_term_.value != v.term ? 0 : v.leader};
  bool same = role == role_ && v.term == role_term_.value && v.leader == leader_.value;
  if (same && leader == told_leader_) return;
  bool elected = role == raft_role::leader && (role_ != raft_role::leader || role_term_.value != v.term);
  bool deposed = role_ == raft_role::leader && (role != role_ || role_term_.value != v.term);
  role_ = role;
  role_term_ = term{v.term};
  leader_ = node_id{v.leader};
  told_leader_ = leader;
  if (deposed)
    for (auto id : reads_.take_all()) host_.read_failed(id);
  if (elected) {
    if (applied_.value > v.last) return fail(errc::corrupt, "elected with a state ahead of the log");
    elected_last_ = log_index{v.last};
    reads_ = read_rounds(config_.voters.size());
    sent_ms_.clear();
  }
  if (role_ == raft_role::leader || leader_ != suspect_) heard_leader();
  host_.role_changed(role_, role_term_, told_leader_);
}

void replica::body::apply_committed() {
  if (installing_) return;
  auto v = look();
  log_index until{guards_.apply_only_stored ? std::min(v.commit, v.stored) : v.commit};
  until = std::min(until, log_.last());
  while (applied_ < until) {
    log_index first{applied_.value + 1};
    auto count = std::min(until.value - applied_.value, apply_entries_max);
    auto records = collect(first, count, apply_bytes_max);
    if (records.empty()) return fail(errc::corrupt, "a committed entry cannot be read");
    applied_ = log_index{applied_.value + records.size()};
    host_.apply(first, records);
  }
  // Who is alone sends old entries to nobody.
  log_.evict(log_index{std::min(applied_.value, v.stored)}, alone() ? 0 : config_.tuning.cache_bytes_max);
}

void replica::body::serve_reads() {
  if (role_ != raft_role::leader) return;
  auto commit = log_index{look().commit};
  if (auto round = reads_.begin(std::max(commit, elected_last_)); round && reads_.running()) {
    asked_ms_ = now_ms_;
    for (auto v : config_.voters)
      if (v != config_.self) ask_term(v);
  }
  for (const auto& r : reads_.take_ready(applied_)) host_.read_ready(r.id, r.index);
}

void replica::body::fail(errc code, std::string detail) {
  if (closed_) return;
  closed_ = true;
  held_.clear();
  held_bytes_ = 0;
  for (auto id : reads_.take_all()) host_.read_failed(id);
  host_.closed({code, std::move(detail)});
}

}  // namespace troupe
