// See node.hpp.
#include "tests/sim/node.hpp"

#include <algorithm>

#include "protocol/envelope.hpp"
#include "protocol/message.hpp"
#include "protocol/schema/storage.capnp.h"
#include "storage/raft/message.hpp"
#include "storage/snapshot.hpp"

namespace troupe::sim {

namespace {

using op_kind = testing::memory_kv::op_kind;
using storage::column;

const failure disk_full{errc::no_space, "the disk is full"};

std::string applied_key() { return storage::shard_key(the_shard, "applied"); }

snapshot_point applied_in(std::string_view bytes) {
  message_reader reader(bytes);
  auto state = reader.root<schema::AppliedState>();
  return {log_index{state.getIndex()}, term{state.getTerm()}};
}

std::uint64_t fingerprint(const testing::memory_kv::batch& batch) {
  std::string all;
  for (const auto& o : batch.ops) {
    all += static_cast<char>(o.kind);
    all += static_cast<char>(o.where);
    all += std::to_string(o.key.size()) + ':' + o.key;
    all += std::to_string(o.value.size()) + ':' + o.value;
  }
  return checksum64(all);
}

log_index index_of(std::string_view log_key) {
  std::uint64_t v = 0;
  for (char c : log_key.substr(2)) v = (v << 8) | static_cast<unsigned char>(c);
  return log_index{v};
}

const char* name_of(raft_role r) {
  return r == raft_role::leader ? "leader" : r == raft_role::candidate ? "candidate" : "follower";
}

}  // namespace

node::node(world& w, storage::shard_config config) : world_(w), config_(std::move(config)) {
  store_.on_write = [this](const testing::memory_kv::batch& b) { check_batch(b); };
}

node::~node() = default;

storage::instant node::clock() const {
  return {world_.now(),
          1'700'000'000'000'000 + static_cast<std::int64_t>(world_.now()) * 1000 + wall_offset_us_};
}

// --- life

void node::start() {
  ++incarnation_;
  disk_queue_.clear();
  disk_busy_ = false;
  pull_.reset();
  armed_for_ = 0;
  store_.resume();
  world_.trace(detail::events, "node %lu starts", id().value);
  shard_ = std::make_unique<storage::shard>(
      config_, store_, world_.machines(), static_cast<storage::shard_host&>(*this), world_.options().guards);
  auto started = shard_->start(clock());
  if (!started)
    throw violation("node " + std::to_string(id().value) + " cannot start: " + started.error().detail);
  load_durable();
  arm();
}

void node::stop_shard() {
  ++incarnation_;
  shard_.reset();
  pull_.reset();
  requests_.clear();
  reads_.clear();
}

// Power is lost: a prefix of what was on its way to the disk has reached it. Or only the process dies: then all of what
// it wrote, if not what it had queued.
void node::crash() {
  if (!up()) return;
  ++world_.tally().crashes;
  auto& dice = world_.chance();
  bool power = dice.chance(0.7);
  auto reached = dice.between(0, disk_queue_.size());
  stop_shard();
  std::optional<std::string> stale;
  if (world_.options().plant == plant::apply_twice) stale = stale_applied_;
  for (std::size_t i = 0; i < reached; ++i)
    static_cast<void>(store_.write(*disk_queue_[i].batch, storage::durability::lazy));
  auto unsynced = store_.unsynced();
  auto kept = power ? dice.between(0, unsynced) : unsynced;
  store_.crash(kept);
  disk_queue_.clear();
  if (stale) forget_applied(*stale);
  world_.trace(detail::events, "node %lu crashes (%s), keeps %zu of %zu unsynced writes", id().value,
               power ? "power" : "process", static_cast<std::size_t>(kept), unsynced);
}

// The planted bug: the records of the last entry are on disk, the applied index that goes with them is not.
void node::forget_applied(const std::string& stale) {
  auto now = store_.latest().get(column::meta, applied_key());
  if (!now || applied_in(*now).index.value != applied_in(stale).index.value + 1) return;
  auto snapshot = storage::load_snapshot(store_.latest(), the_shard);
  if (!snapshot || applied_in(stale).index < snapshot->point.index) return;
  auto check = std::move(store_.on_write);
  auto batch = store_.make_batch();
  batch->put(column::meta, applied_key(), stale);
  static_cast<void>(store_.write(*batch, storage::durability::synced));
  store_.on_write = std::move(check);
}

void node::later(std::uint64_t ms, std::function<void()> action) {
  world_.after(ms, [this, incarnation = incarnation_, action = std::move(action)] {
    resume_paused(incarnation, action);
  });
}

void node::resume_paused(std::uint64_t incarnation, std::function<void()> action) {
  if (incarnation != incarnation_) return;
  if (world_.now() >= paused_until_) return action();
  world_.after(paused_until_ - world_.now(),
               [this, incarnation, action = std::move(action)] { resume_paused(incarnation, action); });
}

void node::pause(std::uint64_t ms) {
  paused_until_ = std::max(paused_until_, world_.now() + ms);
  world_.trace(detail::events, "node %lu pauses for %lu ms", id().value, ms);
}

void node::arm() {
  if (!up()) return;
  auto due = shard_->next_timeout_ms();
  if (due == ~std::uint64_t{0} || (armed_for_ != 0 && armed_for_ <= due)) return;
  armed_for_ = due;
  auto timer = ++timer_;
  later(due > world_.now() ? due - world_.now() : 0, [this, timer] {
    if (timer != timer_ || !up()) return;
    armed_for_ = 0;
    shard_->tick(clock());
    arm();
  });
}

void node::halted(const failure& why) {
  world_.trace(detail::events, "node %lu halts: %s", id().value, why.detail.c_str());
  if (why.code != errc::no_space)
    throw violation("node " + std::to_string(id().value) + " halted: " + why.detail);
  reopen(world_.chance().between(50, 1'500));
}

void node::reopen(std::uint64_t delay_ms) {
  later(delay_ms, [this] {
    stop_shard();
    start();
  });
}

// --- disk

void node::write(std::unique_ptr<storage::kv_batch> batch, write_ticket ticket) {
  check_records(static_cast<const testing::memory_kv::batch&>(*batch));
  disk_queue_.push_back({std::move(batch), ticket});
  pump_disk();
}

void node::pump_disk() {
  if (disk_busy_ || disk_queue_.empty()) return;
  disk_busy_ = true;
  auto& dice = world_.chance();
  later(dice.between(0, disk_ms_max_), [this] {
    // A group commit: some of those that wait.
    disk_done(world_.chance().between(1, disk_queue_.size()));
  });
}

void node::disk_done(std::size_t count) {
  disk_busy_ = false;
  result<storage::done> outcome = storage::done{};
  for (std::size_t i = 0; i < count && outcome; ++i)
    outcome = store_.write(*disk_queue_[i].batch, storage::durability::lazy);
  if (outcome && world_.options().plant != plant::ack_before_sync) outcome = store_.sync();
  if (!outcome) {
    disk_queue_.clear();
    ++world_.tally().write_failures;
    if (shard_) shard_->write_failed(outcome.error());
    return arm();
  }
  if (world_.options().plant != plant::ack_before_sync)
    for (std::size_t i = 0; i < count; ++i)
      note_durable(static_cast<const testing::memory_kv::batch&>(*disk_queue_[i].batch));
  auto ticket = disk_queue_[count - 1].ticket;
  disk_queue_.erase(disk_queue_.begin(), disk_queue_.begin() + static_cast<std::ptrdiff_t>(count));
  shard_->written(clock(), ticket);
  pump_disk();
  arm();
}

void node::fail_disk() {
  if (!sound()) return;
  bool only_sync = world_.chance().chance(0.5);
  world_.trace(detail::events, "node %lu: %s", id().value, only_sync ? "syncs fail" : "the disk is full");
  if (only_sync)
    store_.break_sync_with(disk_full);
  else
    store_.break_with(disk_full);
  // Nobody may notice: then it passes.
  later(world_.chance().between(10, 400), [this] {
    if (sound()) static_cast<void>(store_.resume());
  });
}

// --- network, clients

void node::receive(node_id from, std::string bytes) {
  later(0, [this, from, bytes = std::move(bytes)] {
    if (!up()) return;
    shard_->receive(clock(), from, bytes);
    arm();
  });
}

void node::send(node_id to, std::string message) {
  check_message(message);
  world_.send(id(), to, std::move(message));
}

void node::propose(std::string command, std::function<void(result<std::string>)> done) {
  later(0, [this, command = std::move(command), done = std::move(done)] {
    if (!up()) return;
    storage::request_id request{++next_request_};
    requests_.emplace(request, done);
    shard_->propose(clock(), request, command);
    arm();
  });
}

void node::replied(storage::request_id request, result<std::string> reply) {
  auto it = requests_.find(request);
  if (it == requests_.end()) throw violation("a request was answered twice");
  auto done = std::move(it->second);
  requests_.erase(it);
  done(std::move(reply));
}

void node::read(std::function<void(std::optional<log_index>)> done) {
  later(0, [this, done = std::move(done)] {
    if (!up()) return;
    read_id request{++next_request_};
    reads_.emplace(request, done);
    shard_->read(clock(), request);
    arm();
  });
}

void node::read_ready(read_id request) {
  auto it = reads_.find(request);
  if (it == reads_.end()) throw violation("a read was answered twice");
  auto done = std::move(it->second);
  reads_.erase(it);
  auto bytes = store_.latest().get(column::meta, applied_key());
  done(bytes ? applied_in(*bytes).index : log_index{});
}

void node::read_failed(read_id request) {
  auto it = reads_.find(request);
  if (it == reads_.end()) throw violation("a read was answered twice");
  auto done = std::move(it->second);
  reads_.erase(it);
  done(std::nullopt);
}

void node::transfer() {
  world_.trace(detail::events, "node %lu hands over", id().value);
  static_cast<void>(shard_->transfer(clock(), node_id{}));
  arm();
}

void node::role_changed(raft_role role, term at, node_id leader) {
  world_.trace(detail::events, "node %lu: %s in term %lu, leader %lu", id().value, name_of(role), at.value,
               leader.value);
  // A lone voter may take a term again that it had not made durable: nobody heard of it.
  bool alone = config_.raft.voters.size() == 1;
  if (role == raft_role::leader && !alone) world_.truth().leader_elected(at, id(), incarnation_);
}

std::pair<std::uint64_t, std::uint64_t> node::entropy() {
  auto high = world_.chance().next();
  return {high, world_.chance().next()};
}

// --- snapshots

void node::pull_snapshot(node_id from, const snapshot_point& point) {
  world_.trace(detail::events, "node %lu pulls the state at %lu from %lu", id().value, point.index.value,
               from.value);
  pull_ = pull{from, point};
  later(world_.chance().between(1, 300), [this] { try_pull(); });
}

void node::try_pull() {
  if (!pull_ || !up()) return;
  auto& source = world_.at(pull_->from);
  bool reachable = source.sound() && world_.connected(id(), source.id()) &&
                   world_.connected(source.id(), id()) && source.shard().applied() >= pull_->point.index;
  if (!reachable) {
    if (++pull_->attempts > 10) return reopen(0);
    return later(world_.chance().between(10, 200), [this] { try_pull(); });
  }
  std::vector<std::string> chunks;
  storage::export_records(source.store().latest(), the_shard, 2'000, [&](std::string chunk) {
    chunks.push_back(std::move(chunk));
    return true;
  });
  auto point = pull_->point;
  later(world_.chance().between(1, 400), [this, point, chunks = std::move(chunks)] {
    if (!sound()) return;
    pull_.reset();
    ++world_.tally().installs;
    auto done = shard_->install(clock(), point, chunks);
    if (!done) throw violation("a snapshot cannot be installed: " + done.error().detail);
    arm();
  });
}

// --- checks

void node::check_batch(const testing::memory_kv::batch& batch) {
  const std::string* value = nullptr;
  bool install = false;
  for (const auto& o : batch.ops) {
    install = install || (o.kind == op_kind::erase_range && o.where != column::log);
    if (o.where == column::meta && o.kind == op_kind::put && o.key == applied_key()) value = &o.value;
  }
  if (value == nullptr) return;
  auto now = applied_in(*value);
  if (install) return world_.truth().installed(id(), now.index);
  auto before = store_.latest().get(column::meta, applied_key());
  stale_applied_ = before;
  if (now.index == genesis.index) return;
  check_stored(now.index, "applied");
  world_.truth().applied(id(), before ? applied_in(*before).index : log_index{}, now.index, now.term,
                         fingerprint(batch));
  if (world_.tracing(detail::everything))
    world_.trace(detail::everything, "node %lu applies %lu of term %lu", id().value, now.index.value,
                 now.term.value);
}

void node::check_records(const testing::memory_kv::batch& batch) {
  if (config_.raft.voters.size() == 1) return;
  for (const auto& o : batch.ops) {
    if (o.where != column::log || o.kind != op_kind::put) continue;
    auto index = index_of(o.key);
    auto before = log_index{index.value - 1};
    std::optional<term> term_before;
    if (auto t = shard_->term_at(before); t.value != 0) term_before = t;
    auto snapshot = shard_->status().snapshot;
    if (!term_before && snapshot.index == before) term_before = snapshot.term;
    world_.truth().record_written(id(), index, shard_->term_at(index), term_before, checksum64(o.value));
  }
}

void node::note_durable(const testing::memory_kv::batch& batch) {
  for (const auto& o : batch.ops) {
    if (o.where == column::log && o.kind == op_kind::put) durable_log_[index_of(o.key)] = checksum64(o.value);
    if (o.where == column::log && o.kind == op_kind::erase_range) {
      auto end = o.value.size() < 10 ? durable_log_.end() : durable_log_.lower_bound(index_of(o.value));
      durable_log_.erase(durable_log_.lower_bound(index_of(o.key)), end);
    }
  }
  if (auto hard = storage::load_hard_state(store_.latest(), the_shard)) durable_hard_ = *hard;
  if (auto s = storage::load_snapshot(store_.latest(), the_shard)) durable_snapshot_ = s->point.index;
}

void node::load_durable() {
  if (store_.unsynced() > 0) return;  // what is visible is not durable: what was so before still is
  durable_log_.clear();
  auto end = storage::shard_key(shard_id{the_shard.value + 1});
  store_.latest().scan(column::log, storage::shard_key(the_shard), end,
                       [&](std::string_view key, std::string_view value) {
                         durable_log_[index_of(key)] = checksum64(value);
                         return true;
                       });
  if (auto hard = storage::load_hard_state(store_.latest(), the_shard)) durable_hard_ = *hard;
  if (auto s = storage::load_snapshot(store_.latest(), the_shard)) durable_snapshot_ = s->point.index;
}

// The record that this replica has at 'index' is on its disk.
void node::check_stored(log_index index, const char* what) const {
  auto at = shard_->term_at(index);
  if (at.value == 0 || index <= durable_snapshot_) return;
  auto stored = durable_log_.find(index);
  auto expected = world_.truth().record_hash(index, at);
  if (expected == nullptr) return;  // a lone voter's
  if (stored == durable_log_.end() || stored->second != *expected)
    throw violation("node " + std::to_string(id().value) + " " + what + " entry " +
                    std::to_string(index.value) + ", which is not on its disk");
}

void node::check_message(const std::string& bytes) const {
  auto m = decode_raft_message(bytes);
  if (!m) throw violation("a replica sends what it cannot read");
  if (m->confirm) return;
  auto name = "node " + std::to_string(id().value);
  switch (m->core.kind) {
    case RAFT_CORE_APPEND_ENTRIES_RESULT: {
      const auto& r = m->core.append_entries_result;
      if (r.rejected == 0) check_stored(log_index{r.last_log_index}, "acknowledged");
      break;
    }
    case RAFT_CORE_REQUEST_VOTE_RESULT: {
      const auto& r = m->core.request_vote_result;
      bool votes = r.vote_granted && !r.pre_vote;
      if (votes && durable_hard_.term.value == m->core.term && durable_hard_.vote != m->address.to)
        throw violation(name + " votes twice in term " + std::to_string(m->core.term));
      if (votes && durable_hard_.term.value < m->core.term)
        throw violation(name + " sends a vote that is not on its disk");
      break;
    }
    case RAFT_CORE_REQUEST_VOTE:
      if (!m->core.request_vote.pre_vote && durable_hard_.term.value < m->core.term)
        throw violation(name + " asks for votes in a term that is not on its disk");
      break;
    default: break;
  }
}

}  // namespace troupe::sim
