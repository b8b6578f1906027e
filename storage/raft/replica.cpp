// See replica.hpp and, for how the files divide, replica_body.hpp.
#include "storage/raft/replica.hpp"

#include <algorithm>

#include "storage/raft/replica_body.hpp"

namespace troupe {

replica::body::inside::inside(body& b) : owner(b) {
  must(!b.busy_, "a host does not call back into its replica");
  b.busy_ = true;
}

replica::body::body(replica_config config, start_state from, replica_host& host, replica_guards guards)
    : config_(std::move(config)),
      host_(host),
      guards_(guards),
      start_hard_(from.hard),
      start_snapshot_(from.snapshot),
      start_entries_(std::move(from.entries)),
      log_(from.first, start_entries_),
      applied_(from.applied),
      reads_(config_.voters.size()) {
  must(is_voter(config_.self), "a replica is one of its voters");
  std::vector<std::uint64_t> voters;
  for (auto v : config_.voters) voters.push_back(v.value);
  const auto& t = config_.tuning;
  raft_core_options options{config_.self.value, voters.data(), static_cast<std::uint32_t>(voters.size()),
                            config_.seed,       t.election_ms, t.heartbeat_ms,
                            t.install_ms};
  core_.reset(raft_core_new(&options));
  must(core_ != nullptr, "voters are distinct and positive");
}

bool replica::body::is_voter(node_id id) const {
  return std::find(config_.voters.begin(), config_.voters.end(), id) != config_.voters.end();
}

// What the core would assume and, without its assertions, corrupt silently.
std::optional<failure> replica::body::check_start() const {
  auto bad = [](std::string what) { return failure{errc::corrupt, std::move(what)}; };
  auto last = log_.last();
  if (start_snapshot_.index.value == 0 || start_snapshot_.term.value == 0)
    return bad("the log has no snapshot point");
  if (log_.first().value == 0 || log_.first().value > start_snapshot_.index.value + 1)
    return bad("the log begins after its snapshot point");
  if (last < start_snapshot_.index) return bad("the log ends before its snapshot point");
  if (start_hard_.term < start_snapshot_.term) return bad("the stored term is behind the snapshot");
  if (applied_ < start_snapshot_.index) return bad("the state is behind the snapshot point");
  if (alone() && applied_ > last) return bad("the state is ahead of the log");
  troupe::term before{1};
  for (const auto& e : start_entries_) {
    if (e.term < before || e.term > start_hard_.term) return bad("the log's terms are out of order");
    before = e.term;
  }
  if (log_.has(start_snapshot_.index) && log_.term_at(start_snapshot_.index) != start_snapshot_.term)
    return bad("the log disagrees with its snapshot point");
  return std::nullopt;
}

void replica::body::start(std::uint64_t now_ms) {
  inside here(*this);
  must(!started_, "a replica starts once");
  started_ = true;
  pass_time(now_ms);
  if (auto why = check_start()) return fail(why->code, why->detail);
  auto hard = start_hard_;
  if (guards_.bump_lone_term && alone()) {
    hard = {term{hard.term.value + 1}, config_.self};
    gate_ = host_.write_hard_state(hard);
  }
  std::vector<raft_core_entry> entries;
  entries.reserve(start_entries_.size());
  for (const auto& e : start_entries_)
    entries.push_back({e.term.value, static_cast<std::uint16_t>(e.kind), nullptr, 0});
  raft_core_update update;
  int error = raft_core_start(core_.get(), now_ms_, hard.term.value, hard.vote.value,
                              start_snapshot_.index.value, start_snapshot_.term.value, log_.first().value,
                              entries.data(), static_cast<std::uint32_t>(entries.size()), &update);
  start_entries_ = {};
  set_window();
  drive(error, update, {});
}

void replica::body::tick(std::uint64_t now_ms) {
  inside here(*this);
  pass_time(now_ms);
  if (!started_ || closed_) return;
  if (campaign_at_ms_ != 0 && campaign_at_ms_ <= now_ms_ && !ask_for_votes()) return;
  if (look().timeout_ms <= now_ms_) {
    raft_core_update update;
    int error = raft_core_timeout(core_.get(), now_ms_, &update);
    if (!drive(error, update, {})) return;
  }
  if (role_ == raft_role::leader && reads_.running() && now_ms_ - asked_ms_ >= config_.tuning.heartbeat_ms) {
    asked_ms_ = now_ms_;
    for (auto v : config_.voters)
      if (v != config_.self && !reads_.confirmed_by(v)) ask_term(v);
  }
}

std::uint64_t replica::body::next_timeout_ms() const {
  auto next = look().timeout_ms;
  if (role_ == raft_role::leader && reads_.running())
    next = std::min(next, asked_ms_ + config_.tuning.heartbeat_ms);
  if (campaign_at_ms_ != 0) next = std::min(next, campaign_at_ms_);
  return std::max(next, now_ms_ + 1) - ahead_ms_;
}

result<log_index> replica::body::propose(std::uint64_t now_ms,
                                         std::vector<std::shared_ptr<const std::string>> payloads) {
  inside here(*this);
  pass_time(now_ms);
  if (!started_ || closed_) return failure{errc::unavailable, "the replica is closed"};
  must(!payloads.empty(), "a proposal has entries");
  if (role_ != raft_role::leader) return failure{errc::not_leader, "not the leader"};
  std::vector<log_record> records;
  std::vector<raft_core_entry> entries;
  for (auto& p : payloads) {
    if (p->size() > config_.tuning.record_bytes_max)
      return failure{errc::too_large, "a log entry is larger than the limit"};
    records.push_back({role_term_, entry_kind::command, std::move(p)});
    entries.push_back({role_term_.value, static_cast<std::uint16_t>(entry_kind::command), nullptr, 0});
  }
  raft_core_update update;
  int error = raft_core_submit(core_.get(), now_ms_, entries.data(),
                               static_cast<std::uint32_t>(entries.size()), &update);
  if (error == RAFT_CORE_NOT_LEADER) return failure{errc::not_leader, "leadership is being handed over"};
  log_index first{update.first_index};
  if (!drive(error, update, {.records = records, .proposal = true}))
    return failure{errc::timed_out, "the replica closed itself"};
  return first;
}

void replica::body::written(std::uint64_t now_ms, write_ticket ticket) {
  inside here(*this);
  pass_time(now_ms);
  if (closed_) return;
  durable_ = std::max(durable_, ticket);
  release_messages();
  persisted(ticket);
  if (!closed_) snapshot_written(ticket);
}

// Tells the core how far its log is stored: what was written and has not been replaced since.
void replica::body::persisted(write_ticket ticket) {
  log_index stored;
  while (!pending_writes_.empty() && pending_writes_.front().ticket <= ticket) {
    auto w = pending_writes_.front();
    pending_writes_.pop_front();
    auto i = w.first;
    auto end = log_index{w.first.value + w.count};
    while (i < end && log_.has(i) && (!guards_.clip_persisted || log_.write_of(i) == w.number)) ++i.value;
    if (i > w.first) stored = std::max(stored, log_index{i.value - 1});
  }
  if (installing_ || stored.value <= look().stored) return;
  raft_core_update update;
  int error = raft_core_persisted_entries(core_.get(), now_ms_, stored.value, &update);
  drive(error, update, {});
}

result<write_ticket> replica::body::take_snapshot(std::uint64_t now_ms, log_index at,
                                                  std::uint64_t trailing) {
  inside here(*this);
  pass_time(now_ms);
  if (!started_ || closed_) return failure{errc::unavailable, "the replica is closed"};
  if (installing_ || taking_) return failure{errc::conflict, "another snapshot is under way"};
  auto view = look();
  if (at.value <= view.snapshot_index || at > applied_ || at.value > view.stored || !log_.has(at))
    return failure{errc::conflict, "the snapshot is not ahead of the last one or not applied"};
  trailing = std::min<std::uint64_t>(trailing, 1U << 30);
  auto first = at.value > trailing ? log_index{at.value - trailing + 1} : log_.first();
  pending_snapshot p{
      {}, {at, log_.term_at(at)}, std::max(first, log_.first()), static_cast<std::uint32_t>(trailing)};
  p.ticket = host_.write_snapshot(p.point, p.first_kept);
  taking_ = p;
  return p.ticket;
}

void replica::body::snapshot_written(write_ticket ticket) {
  if (!taking_ || taking_->ticket > ticket) return;
  auto p = *taking_;
  taking_.reset();
  // An install that began meanwhile has replaced the log: its point is ahead.
  if (installing_ || p.point.index.value <= look().snapshot_index || !log_.has(p.point.index)) return;
  raft_core_update update;
  int error =
      raft_core_snapshot(core_.get(), now_ms_, p.point.index.value, p.point.term.value, p.trailing, &update);
  log_.drop_before(p.first_kept);
  drive(error, update, {});
}

void replica::body::snapshot_installed(std::uint64_t now_ms, log_index applied) {
  inside here(*this);
  pass_time(now_ms);
  if (closed_) return;
  must(installing_, "a snapshot was asked for");
  must(applied >= install_point_.index, "the installed state reaches its point");
  installing_ = false;
  applied_ = applied;
  raft_core_update update;
  int error = raft_core_persisted_snapshot(core_.get(), now_ms_, install_point_.index.value,
                                           install_point_.term.value, &update);
  drive(error, update, {});
}

void replica::body::read(std::uint64_t now_ms, read_id id) {
  inside here(*this);
  pass_time(now_ms);
  if (!started_ || closed_ || role_ != raft_role::leader) return host_.read_failed(id);
  reads_.add(id);
  serve_reads();
}

result<term> replica::body::transfer(std::uint64_t now_ms, node_id to) {
  inside here(*this);
  pass_time(now_ms);
  if (!started_ || closed_) return failure{errc::unavailable, "the replica is closed"};
  if (role_ != raft_role::leader) return failure{errc::not_leader, "not the leader"};
  if (alone() || to == config_.self || (to.value != 0 && !is_voter(to)))
    return failure{errc::invalid_argument, "leadership goes to another voter"};
  raft_core_update update;
  int error = raft_core_transfer(core_.get(), now_ms_, to.value, &update);
  if (error == RAFT_CORE_NOT_LEADER)
    return failure{errc::conflict, "leadership is already being handed over"};
  if (!drive(error, update, {})) return failure{errc::unavailable, "the replica closed itself"};
  return role_term_;
}

void replica::body::lost(std::uint64_t now_ms, node_id peer) {
  inside here(*this);
  pass_time(now_ms);
  if (!started_ || closed_ || role_ != raft_role::follower || leader_ != peer || peer.value == 0) return;
  suspect_ = peer;
  if (campaign_at_ms_ == 0) campaign_at_ms_ = now_ms_ + campaign_delay_ms();
}

void replica::body::campaign(std::uint64_t now_ms) {
  inside here(*this);
  pass_time(now_ms);
  if (!started_ || closed_ || role_ != raft_role::follower || leader_.value != 0) return;
  if (campaign_at_ms_ == 0) campaign_at_ms_ = now_ms_ + campaign_delay_ms();
}

// Each voter another one, and each shard another order: votes do not split, and leaders spread over the survivors.
std::uint64_t replica::body::campaign_delay_ms() const {
  auto place = [&](node_id v) {
    auto mixed = (v.value ^ (std::uint64_t{config_.shard.value} << 32)) * 0x9e3779b97f4a7c15ULL;
    return std::pair(mixed ^ (mixed >> 29), v);
  };
  std::uint64_t rank = 0;
  for (auto v : config_.voters)
    if (v != suspect_ && place(v) < place(config_.self)) ++rank;
  // Others need a moment to lose sight of the leader, too.
  return config_.tuning.campaign_ms / 6 + rank * config_.tuning.campaign_ms;
}

// The core asks for votes when its election timeout has passed. So time goes faster for it, as for a process that was
// stopped for a while; from then on its clock is ahead of the owner's. False: the replica is closed.
bool replica::body::ask_for_votes() {
  campaign_at_ms_ = 0;
  if (role_ != raft_role::follower || leader_ != suspect_ || installing_) return true;
  auto v = look();
  if (v.stored < v.last) {  // the core would wait for another timeout
    campaign_at_ms_ = now_ms_ + std::max(config_.tuning.campaign_ms / 6, 1U);
    return true;
  }
  if (v.timeout_ms > now_ms_) {
    ahead_ms_ += v.timeout_ms - now_ms_;
    now_ms_ = v.timeout_ms;
  }
  raft_core_update update;
  int error = raft_core_timeout(core_.get(), now_ms_, &update);
  return drive(error, update, {});
}

log_index replica::body::match_of(node_id voter) const {
  return role_ == raft_role::leader ? log_index{raft_core_match_index(core_.get(), voter.value)}
                                    : log_index{};
}

void replica::body::close() {
  inside here(*this);
  if (closed_) return;
  closed_ = true;
  held_.clear();
  held_bytes_ = 0;
  for (auto id : reads_.take_all()) host_.read_failed(id);
}

replica_status replica::body::status() const {
  auto v = look();
  replica_status s;
  s.role = role_;
  s.term = term{v.term};
  s.leader = told_leader_;
  s.commit = log_index{v.commit};
  s.applied = applied_;
  s.first = log_.first();
  s.last = log_.last();
  s.stored = log_index{v.stored};
  s.snapshot = {log_index{v.snapshot_index}, term{v.snapshot_term}};
  s.dropped_messages = dropped_;
  s.held_messages = held_.size();
  s.cached_bytes = log_.cached_bytes();
  s.closed = closed_;
  s.fresh_ms = fresh_ms_;
  return s;
}

replica::replica(replica_config config, start_state from, replica_host& host, replica_guards guards)
    : body_(std::make_unique<body>(std::move(config), std::move(from), host, guards)) {}
replica::~replica() = default;
void replica::start(std::uint64_t now_ms) { body_->start(now_ms); }
void replica::tick(std::uint64_t now_ms) { body_->tick(now_ms); }
std::uint64_t replica::next_timeout_ms() const { return body_->next_timeout_ms(); }
result<log_index> replica::propose(std::uint64_t now_ms,
                                   std::vector<std::shared_ptr<const std::string>> payloads) {
  return body_->propose(now_ms, std::move(payloads));
}
void replica::receive(std::uint64_t now_ms, node_id from, std::string_view message) {
  body_->receive(now_ms, from, message);
}
void replica::written(std::uint64_t now_ms, write_ticket ticket) { body_->written(now_ms, ticket); }
void replica::read(std::uint64_t now_ms, read_id id) { body_->read(now_ms, id); }
result<write_ticket> replica::take_snapshot(std::uint64_t now_ms, log_index at, std::uint64_t trailing) {
  return body_->take_snapshot(now_ms, at, trailing);
}
void replica::snapshot_installed(std::uint64_t now_ms, log_index applied) {
  body_->snapshot_installed(now_ms, applied);
}
result<term> replica::transfer(std::uint64_t now_ms, node_id to) { return body_->transfer(now_ms, to); }
void replica::lost(std::uint64_t now_ms, node_id peer) { body_->lost(now_ms, peer); }
void replica::campaign(std::uint64_t now_ms) { body_->campaign(now_ms); }
log_index replica::match_of(node_id voter) const { return body_->match_of(voter); }
void replica::close() { body_->close(); }
replica_status replica::status() const { return body_->status(); }
term replica::term_at(log_index index) const { return body_->term_at(index); }

}  // namespace troupe
