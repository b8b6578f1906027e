// See node.hpp.
#include "tests/sim/node.hpp"

#include <algorithm>

#include "protocol/envelope.hpp"
#include "protocol/frame.hpp"
#include "protocol/message.hpp"
#include "storage/applier.hpp"
#include "storage/snapshot.hpp"
#include "tests/sim/stored.hpp"

namespace troupe::sim {

namespace {

using storage::column;

const failure disk_full{errc::no_space, "the disk is full"};

const char* name_of(raft_role r) {
  return r == raft_role::leader ? "leader" : r == raft_role::candidate ? "candidate" : "follower";
}

}  // namespace

node::node(world& w, storage::shard_config config) : world_(w), config_(std::move(config)) {
  store_.on_write = [this](const testing::memory_kv::batch& b) { check_batch(b); };
  if (world_.options().plant == plant::trust_unflushed) store_.lie_about_flushes();
}

node::~node() = default;

storage::instant node::clock() const {
  return {world_.now(),
          1'700'000'000'000'000 + static_cast<std::int64_t>(world_.now()) * 1000 + wall_offset_us_};
}

// --- life

void node::start() {
  wires_ = make_wire(world_, *this);
  front_ = std::make_unique<sim::front>(world_, *this, *wires_);
  told_voters_ = {};
  wires_->on_peer([this](node_id peer, peer_event what) {
    if (what == peer_event::disconnected) lost(peer);
  });
  begin();
}

// The member, also again after it halted.
void node::begin() {
  ++incarnation_;
  lane_ = disk_queue_.open(the_shard);
  taker_.reset();
  giver_.clear();
  armed_for_ = 0;
  store_.resume();
  auto applied = store_.latest().get(column::meta, applied_key());
  replacing_ = false;
  last_applied_ = applied ? applied_in(*applied).index : genesis.index;
  world_.trace(detail::events, "node %lu starts", id().value);
  if (world_.options().plant == plant::forget_left) forget_left();
  if (world_.options().plant == plant::forget_import) forget_import();
  member_ = std::make_unique<storage::member>(
      config_, store_, world_.machines(), static_cast<storage::member_host&>(*this), world_.options().guards);
  auto started = member_->start(clock());
  if (!started)
    throw violation("node " + std::to_string(id().value) + " cannot start: " + started.error().detail);
  load_durable();
  arm();
}

void node::stop_member() {
  ++incarnation_;
  member_.reset();
  taker_.reset();
  giver_.clear();
}

// Power is lost: a prefix of what was on its way to the disk has reached it. Or only the process dies: then all of what
// it wrote, if not what it had queued.
void node::crash() {
  if (!up()) return;
  ++world_.tally().crashes;
  auto& dice = world_.chance();
  bool power = dice.chance(0.7);
  // A store flushes whenever it likes; here it matters, since half of the new records are on disk then.
  if (member_->importing() && dice.chance(0.5)) static_cast<void>(store_.flush());
  auto reached = disk_queue_.take(dice.between(0, disk_queue_.size()));
  stop_member();
  front_.reset();
  wires_.reset();
  stalled_.clear();
  requests_.clear();
  reads_.clear();
  ++life_;
  std::optional<std::string> stale;
  if (world_.options().plant == plant::apply_twice && store_.flush()) stale = stale_applied_;
  for (const auto& p : reached)
    if (!p.refused) static_cast<void>(store_.write(*p.batch, storage::durability::logged));
  auto unsynced = store_.unsynced();
  auto kept = power ? dice.between(0, unsynced) : unsynced;
  store_.crash(kept);
  disk_queue_ = {};
  disk_busy_ = false;
  if (stale) forget_applied(*stale);
  world_.trace(detail::events, "node %lu crashes (%s), keeps %zu of %zu unsynced writes", id().value,
               power ? "power" : "process", static_cast<std::size_t>(kept), unsynced);
}

// The planted bug: the records of the last entries are on disk, the applied index that goes with them is not.
void node::forget_applied(const std::string& stale) {
  auto now = store_.latest().get(column::meta, applied_key());
  if (!now || applied_in(*now).index <= applied_in(stale).index) return;
  auto snapshot = storage::load_snapshot(store_.latest(), the_shard);
  if (!snapshot || applied_in(stale).index < snapshot->point.index) return;
  auto check = std::move(store_.on_write);
  auto batch = store_.make_batch();
  batch->put(column::meta, applied_key(), stale);
  static_cast<void>(store_.write(*batch, storage::durability::synced));
  store_.on_write = std::move(check);
}

// The planted bug: a node that left a shard does not know that it ever had a part in it.
void node::forget_left() {
  auto batch = store_.make_batch();
  storage::stage_back(*batch, the_shard);
  static_cast<void>(store_.write(*batch, storage::durability::synced));
}

// The planted bug: a node that crashed while its records were being replaced takes them as they are.
void node::forget_import() {
  auto batch = store_.make_batch();
  storage::stage_import_done(*batch, the_shard);
  static_cast<void>(store_.write(*batch, storage::durability::synced));
}

void node::later(std::uint64_t ms, std::function<void()> action) {
  while_running(ms, [this, incarnation = incarnation_, action = std::move(action)] {
    if (incarnation == incarnation_) action();
  });
}

void node::while_running(std::uint64_t ms, std::function<void()> action) {
  world_.after(ms, [this, life = life_, action = std::move(action)] { run_or_stall(life, action); });
}

void node::run_or_stall(std::uint64_t life, std::function<void()> action) {
  if (life != life_) return;
  if (world_.now() >= paused_until_ && stalled_.empty()) return action();
  if (stalled_.empty()) wake_up();
  stalled_.push_back(std::move(action));
}

// What a pause held up happens in its order.
void node::wake_up() {
  world_.after(paused_until_ - world_.now(), [this, life = life_] {
    if (life != life_) return;
    if (world_.now() < paused_until_) return wake_up();
    while (!stalled_.empty()) {
      auto action = std::move(stalled_.front());
      action();
      stalled_.pop_front();
    }
  });
}

void node::pause(std::uint64_t ms) {
  paused_until_ = std::max(paused_until_, world_.now() + ms);
  world_.trace(detail::events, "node %lu pauses for %lu ms", id().value, ms);
}

void node::arm() {
  if (!up()) return;
  tell_voters();
  auto due = member_->next_timeout_ms();
  if (due == ~std::uint64_t{0} || (armed_for_ != 0 && armed_for_ <= due)) return;
  armed_for_ = due;
  auto timer = ++timer_;
  later(due > world_.now() ? due - world_.now() : 0, [this, timer] {
    if (timer != timer_ || !up()) return;
    armed_for_ = 0;
    member_->tick(clock());
    arm();
  });
}

void node::halted(const failure& why) {
  world_.trace(detail::events, "node %lu halts: %s", id().value, why.detail.c_str());
  if (why.code != errc::no_space)
    throw violation("node " + std::to_string(id().value) + " halted: " + why.detail);
  if (member_->replica()) front_->learn_leader(member_->current(), replica()->status().term, {});
  reopen(world_.chance().between(50, 1'500));
}

void node::reopen(std::uint64_t delay_ms) {
  later(delay_ms, [this] {
    stop_member();
    front_->feeds().hold();
    begin();
    front_->feeds().opened_again();
  });
}

// --- disk

void node::write(std::unique_ptr<storage::kv_batch> batch, write_ticket ticket) {
  check_records(static_cast<const testing::memory_kv::batch&>(*batch));
  disk_queue_.push(lane_, std::move(batch),
                   [this, incarnation = incarnation_, ticket](const result<storage::done>& outcome) {
                     if (incarnation == incarnation_ && member_) write_done(ticket, outcome);
                   });
  pump_disk();
}

void node::pump_disk() {
  if (disk_busy_ || disk_queue_.size() == 0) return;
  disk_busy_ = true;
  write_group_after(world_.chance().between(0, disk_ms_max_));
}

// The writer outlives the shard: what is queued stays queued while the shard opens again.
void node::write_group_after(std::uint64_t ms) {
  world_.after(ms, [this, life = life_] {
    if (life != life_) return;
    if (world_.now() < paused_until_) return write_group_after(paused_until_ - world_.now());
    // A group commit: some of those that wait.
    disk_done(world_.chance().between(1, disk_queue_.size()));
  });
}

void node::disk_done(std::size_t count) {
  disk_busy_ = false;
  auto group = disk_queue_.take(count);
  bool early = world_.options().plant == plant::ack_before_sync;
  auto outcome = early ? write_unsynced(group) : storage::log_queue::write(store_, group);
  if (!outcome) {
    ++world_.tally().write_failures;
    if (world_.chance().chance(0.5)) static_cast<void>(store_.resume());  // it hit this group alone
  }
  bool forgets = world_.options().plant == plant::write_after_failure;
  disk_queue_.settle(group, forgets ? result<storage::done>(storage::done{}) : outcome);
  if (outcome && !early)
    for (const auto& p : group)
      if (!p.refused) note_durable(static_cast<const testing::memory_kv::batch&>(*p.batch));
  if (world_.chance().chance(world_.current().flush)) static_cast<void>(store_.flush());
  storage::log_queue::complete(group, outcome);
  pump_disk();
  arm();
}

result<storage::done> node::write_unsynced(const storage::log_queue::group& group) {
  result<storage::done> outcome = storage::done{};
  for (const auto& p : group)
    if (!p.refused && outcome) outcome = store_.write(*p.batch, storage::durability::logged);
  return outcome;
}

void node::write_done(write_ticket ticket, const result<storage::done>& outcome) {
  if (outcome)
    member_->written(clock(), ticket);
  else
    member_->write_failed(outcome.error());
}

void node::fail_disk() {
  if (!sound()) return;
  bool only_sync = world_.chance().chance(0.5);
  world_.trace(detail::events, "node %lu: %s", id().value, only_sync ? "syncs fail" : "the disk is full");
  if (only_sync)
    store_.break_sync_with(disk_full);
  else
    store_.break_with(disk_full);
  // It passes, noticed or not: what is queued behind a failed write would be taken again.
  later(world_.chance().between(1, 400), [this] { static_cast<void>(store_.resume()); });
}

// --- network, clients

void node::receive(node_id from, channel by, std::string bytes) {
  later(0, [this, from, by, bytes = std::move(bytes)] {
    if (!up()) return;
    if (by == channel::raft)
      member_->receive(clock(), from, bytes);
    else
      member_->receive_generation(clock(), from, bytes);
    arm();
  });
}

void node::send(node_id to, std::string message) {
  check_message(message);
  wires_->send(to, channel::raft, std::move(message));
}

void node::send_generation(node_id to, std::string message) {
  wires_->send(to, channel::generations, std::move(message));
}

void node::propose(std::string command, std::function<void(result<std::string>)> done) {
  while_running(0, [this, command = std::move(command), done = std::move(done)] {
    storage::request_id request{++next_request_};
    requests_.emplace(request, done);
    member_->propose(clock(), request, command);
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
  while_running(0, [this, done = std::move(done)] {
    read_id request{++next_request_};
    reads_.emplace(request, done);
    member_->read(clock(), request);
    arm();
  });
}

void node::read_ready(read_id request) {
  auto it = reads_.find(request);
  if (it == reads_.end()) throw violation("a read was answered twice");
  auto done = std::move(it->second);
  reads_.erase(it);
  done(shown());
}

log_index node::shown() const {
  auto bytes = store_.latest().get(column::meta, applied_key());
  return bytes ? applied_in(*bytes).index : log_index{};
}

std::string node::answer(const std::string& query) {
  member_->write_out();
  return storage::applier::answer(store_.latest(), the_shard, the_history, world_.machines(), query);
}

feed_position node::where() const {
  if (!replica()) return {the_shard, {}, the_history, {}};
  return {the_shard, replica()->applied(), the_history, replica()->last_seq()};
}

std::optional<log_index> node::peek() {
  if (!member_->readable() && !member_->fault()) return std::nullopt;
  member_->write_out();
  return shown();
}

void node::read_failed(read_id request) {
  auto it = reads_.find(request);
  if (it == reads_.end()) throw violation("a read was answered twice");
  auto done = std::move(it->second);
  reads_.erase(it);
  done(std::nullopt);
}

result<term> node::transfer(node_id to) {
  world_.trace(detail::events, "node %lu hands over", id().value);
  auto begun = member_->transfer(clock(), to);
  arm();
  return begun;
}

void node::learn(node_id from, troupe::generation of) {
  later(0, [this, from, of] {
    if (!up()) return;
    world_.trace(detail::events, "node %lu is to learn generation %lu from node %lu", id().value, of.value,
                 from.value);
    member_->learn(clock(), from, of);
    arm();
  });
}

void node::lost(node_id peer) {
  later(0, [this, peer] {
    if (!up()) return;
    world_.trace(detail::events, "node %lu loses the connection to node %lu", id().value, peer.value);
    member_->lost(clock(), peer);
    arm();
  });
}

void node::applied(log_index index, term at, std::string_view changes) {
  check_stored(index, "applied");
  world_.truth().applied(id(), last_applied_, index, at, checksum64(changes));
  last_applied_ = index;
  if (world_.tracing(detail::everything))
    world_.trace(detail::everything, "node %lu applies %lu of term %lu", id().value, index.value, at.value);
}

void node::write_out() {
  if (sound()) member_->write_out();
}

void node::role_changed(raft_role role, term at, node_id leader) {
  world_.trace(detail::events, "node %lu: %s in term %lu, leader %lu", id().value, name_of(role), at.value,
               leader.value);
  // A lone voter may take a term again that it had not made durable: nobody heard of it.
  bool alone = member_->voters().size() == 1;
  if (role == raft_role::leader && !alone)
    world_.truth().leader_elected(member_->current(), at, id(), incarnation_);
  if (role == raft_role::follower && leader.value != 0)
    world_.truth().leader_named(member_->current(), at, leader, id());
  front_->learn_leader(member_->current(), at, leader);
}

void node::tell_voters() {
  if (told_voters_ >= member_->current() || member_->known_voters().empty()) return;
  told_voters_ = member_->current();
  front_->learn_voters(told_voters_, member_->known_voters());
}

std::pair<std::uint64_t, std::uint64_t> node::entropy() {
  auto high = world_.chance().next();
  return {high, world_.chance().next()};
}

void node::take_digest(log_index at) {
  world_.truth().digest_taken(id(), at, storage::digest(store_.latest(), the_shard));
}

// --- snapshots

void node::pull_state(const storage::state_request& wanted) {
  world_.trace(detail::events, "node %lu pulls the state at %lu of generation %lu from %lu", id().value,
               wanted.point.index.value, wanted.generation.value, wanted.from.value);
  taker_ = std::make_unique<storage::state_taker>(the_shard, wanted, store_);
  static_cast<void>(taker_->begin());
  later(world_.chance().between(1, 100), [this, number = ++pulls_] { ask_chunk(number); });
}

// Questions and answers get lost; an answer comes damaged now and then.
void node::ask_chunk(std::uint64_t number) {
  if (!taker_ || number != pulls_ || !sound()) return;
  auto& dice = world_.chance();
  auto from = taker_->wanted().from;
  auto& source = world_.at(from);
  bool there = source.sound() && world_.connected(id(), from) && !dice.chance(world_.current().loss);
  auto answer = there ? frame::of(frame_kind::state_answer, source.give(id(), taker_->question())).bytes
                      : std::string();
  if (!world_.connected(from, id()) || dice.chance(world_.current().loss)) answer.clear();
  if (!answer.empty() && dice.chance(0.02)) answer[dice.next() % answer.size()] ^= 4;
  later(dice.between(1, 60), [this, number, answer] { take_chunk(number, answer); });
}

std::string node::give(node_id to, const std::string& bytes) {
  auto& dice = world_.chance();
  if (world_.chaos() && dice.chance(0.003)) giver_.clear();  // whoever asked was away for long
  auto question = storage::decode_state_question(bytes);
  if (!question) throw violation("a taker asks what cannot be read");
  if (question->purpose == storage::state_purpose::changes) {
    auto part = storage::answer_changes(*question, to, *member_, world_.now());
    arm();
    return part;
  }
  auto held = giver_.accept(*question, to, *member_, store_, world_.now(), dice.next() | 1);
  arm();
  if (!held) return storage::refuse_state(held.error().detail);
  return storage::answer_state(*held->second, held->first, *question, dice.between(500, 8'000));
}

void node::take_chunk(std::uint64_t number, const std::string& answer) {
  if (!taker_ || number != pulls_ || !sound()) return;
  using outcome = storage::state_taker::outcome;
  auto& dice = world_.chance();
  frame came{answer};
  auto opened = came.open(frame_kind::state_answer);
  switch (taker_->take(opened ? *opened : std::string_view())) {
    case outcome::more: return later(dice.between(0, 10), [this, number] { ask_chunk(number); });
    case outcome::again:
    case outcome::anew: return later(dice.between(10, 100), [this, number] { ask_chunk(number); });
    case outcome::complete: {
      auto wanted = taker_->wanted();
      ++(wanted.purpose == storage::state_purpose::changes ? world_.tally().follows
                                                           : world_.tally().installs);
      auto chunks = taker_->chunks();
      taker_.reset();
      member_->pulled(clock(), wanted, chunks);
      break;
    }
    case outcome::failed: {
      auto wanted = taker_->wanted();
      taker_.reset();
      member_->pull_failed(clock(), wanted);
      break;
    }
  }
  arm();
}

void node::import_soon() {
  later(world_.chance().between(0, 20), [this] {
    if (!up()) return;
    member_->import_more(clock());
    arm();
  });
}

void node::generation_changed(troupe::generation now, const std::vector<node_id>& voters) {
  if (now.value == 0) return world_.trace(detail::events, "node %lu has no replica any more", id().value);
  world_.trace(detail::events, "node %lu is in generation %lu of %zu voters", id().value, now.value,
               voters.size());
}

}  // namespace troupe::sim
