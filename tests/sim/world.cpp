// See world.hpp.
#include "tests/sim/world.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include "actors/machines.hpp"
#include "protocol/message.hpp"
#include "protocol/schema/command.capnp.h"
#include "storage/snapshot.hpp"
#include "tests/sim/admin.hpp"
#include "tests/sim/node.hpp"
#include "tests/sim/workload.hpp"

namespace troupe::sim {

namespace {

constexpr std::uint64_t chaos_ms = 20'000;
constexpr std::uint64_t heal_ms_max = 60'000;

template <class T, std::size_t N>
T pick(dice& d, const std::array<T, N>& of) {
  return of[d.next() % N];
}

storage::shard_config config_of(dice& d, std::uint64_t self, std::uint64_t voters,
                                const replica_tuning& tuning) {
  storage::shard_config c;
  c.raft.shard = the_shard;
  c.raft.generation = generation{1};
  c.raft.self = node_id{self};
  // The others hold nothing until a seal names them.
  for (std::uint64_t v = 1; v <= voters && self <= voters; ++v) c.raft.voters.push_back(node_id{v});
  c.raft.seed = static_cast<std::uint32_t>(d.next());
  c.raft.tuning = tuning;
  c.history = the_history;
  c.snapshot_every = pick<std::uint64_t>(d, std::array<std::uint64_t, 4>{5, 20, 60, 100'000});
  c.trailing = d.between(0, 20);
  c.announce_ms = d.between(20, 400);
  c.learning_ms = d.between(500, 5'000);
  return c;
}

replica_tuning tuning_of(dice& d) {
  replica_tuning t;
  t.election_ms = static_cast<std::uint32_t>(d.between(150, 400));
  t.heartbeat_ms = t.election_ms / 8;
  t.campaign_ms = static_cast<std::uint32_t>(d.between(5, 60));
  t.install_ms = static_cast<std::uint32_t>(d.between(300, 2'000));
  t.inflight_bytes_max = pick<std::size_t>(d, std::array<std::size_t, 3>{500, 4'000, 8'000'000});
  t.inflight_entries_max =
      static_cast<std::uint32_t>(pick<std::uint64_t>(d, std::array<std::uint64_t, 3>{1, 7, 1'024}));
  t.message_bytes_max = pick<std::size_t>(d, std::array<std::size_t, 3>{300, 2'000, 500'000});
  t.cache_bytes_max = pick<std::size_t>(d, std::array<std::size_t, 3>{0, 2'000, 16'000'000});
  return t;
}

// For a few of the largest frames of a run, so that it is used up at times.
troupe::node::outbox_limits scarce_room(dice& d, const replica_tuning& tuning) {
  constexpr std::size_t frame_bytes = 4 * 1024;
  auto bytes = d.between(4, 16) * frame_bytes;
  auto consensus = std::max(bytes, tuning.message_bytes_max + frame_bytes);
  return {{consensus, bytes, bytes}, bytes / 2, bytes, bytes};
}

}  // namespace

void run_counts::add(const run_counts& o) {
  commits += o.commits;
  elections += o.elections;
  reads += o.reads;
  acknowledged += o.acknowledged;
  crashes += o.crashes;
  installs += o.installs;
  follows += o.follows;
  messages += o.messages;
  write_failures += o.write_failures;
  generations += o.generations;
  questions += o.questions;
  no_room += o.no_room;
  gaps += o.gaps;
}

world::world(const run_options& options)
    : options_(options), dice_(options.seed), machines_(make_machines()) {
  auto voters = pick<std::uint64_t>(dice_, std::array<std::uint64_t, 10>{1, 1, 3, 3, 3, 3, 3, 5, 5, 5});
  auto tuning = tuning_of(dice_);
  auto spare = pick<std::uint64_t>(dice_, std::array<std::uint64_t, 4>{0, 1, 2, 3});
  is_run_ = dice_.chance(0.5);
  if (is_run_) spare += std::exchange(voters, 1) - 1;  // one founds the cluster, the others are let in
  has_channels_ = dice_.chance(0.5);
  if (dice_.chance(0.5)) room_ = scarce_room(dice_, tuning);
  for (std::uint64_t id = 1; id <= voters + spare; ++id)
    nodes_.push_back(std::make_unique<node>(*this, config_of(dice_, id, voters, tuning)));
  draw_weather();
  trace(detail::events, "%lu nodes, %lu of them replicas, election %u ms, window %zu bytes", voters + spare,
        voters, tuning.election_ms, tuning.inflight_bytes_max);
}

world::~world() = default;

run_counts world::counts() const {
  auto c = counts_;
  c.commits = oracle_.commits();
  c.elections = oracle_.elections();
  c.reads = oracle_.reads();
  if (const auto* last = newest()) c.generations = last->member().current().value - 1;
  return c;
}

node& world::at(node_id id) { return *nodes_[id.value - 1]; }
node_id world::any_node() { return node_id{dice_.between(1, nodes_.size())}; }

void world::after(std::uint64_t ms, std::function<void()> action) {
  events_.push({now_ms_ + ms, ++order_, std::move(action)});
}

void world::run_until(std::uint64_t ms) {
  while (!events_.empty() && events_.top().at_ms <= ms) {
    auto action = std::move(const_cast<event&>(events_.top()).action);
    now_ms_ = events_.top().at_ms;
    events_.pop();
    action();
  }
  now_ms_ = ms;
}

void world::run() {
  for (auto& n : nodes_) n->start();
  workload_ = std::make_unique<workload>(*this);
  workload_->start();
  admin_ = std::make_unique<admin>(*this);
  if (is_run_) admin_->start();
  auto end = now_ms_ + chaos_ms;
  while (now_ms_ < end) {
    nemesis();
    run_until(now_ms_ + dice_.between(10, 80));
  }
  heal();
  workload_->wind_down();
  if (is_run_) admin_->wind_down();
  std::string why = "it did not begin";
  for (auto limit = now_ms_ + heal_ms_max; now_ms_ < limit && !converged(why);) {
    notice_connections();
    run_until(now_ms_ + 50);
  }
  if (!converged(why))
    throw violation("stuck " + std::to_string(heal_ms_max) + " ms after all was well: " + why);
  audit();
}

// --- network

void world::send(node_id from, node_id to, channel by, std::string bytes) {
  carry(from, to, [this, from, to, by, bytes = std::move(bytes)] { at(to).receive(from, by, bytes); });
}

void world::carry(node_id from, node_id to, std::function<void()> deliver) {
  ++counts_.messages;
  if (cuts_.contains({from, to}) || dice_.chance(weather_.loss)) return;
  auto copies = dice_.chance(weather_.duplication) ? 2 : 1;
  auto shared = std::make_shared<std::function<void()>>(std::move(deliver));
  for (int i = 0; i < copies; ++i) {
    bool straggler = chaos_ && dice_.chance(weather_.straggling);
    auto ms = straggler ? dice_.between(0, 3'000) : dice_.between(0, weather_.delay_ms_max);
    after(ms, [this, to, shared] {
      if (at(to).up()) at(to).while_running(0, [shared] { (*shared)(); });
    });
  }
}

// --- nemesis

void world::draw_weather() {
  auto& d = dice_;
  auto& w = weather_;
  w.loss = pick<double>(d, std::array<double, 4>{0, 0, 0.05, 0.3});
  w.duplication = pick<double>(d, std::array<double, 3>{0, 0.05, 0.3});
  w.delay_ms_max = pick<std::uint64_t>(d, std::array<std::uint64_t, 4>{2, 10, 50, 200});
  w.straggling = pick<double>(d, std::array<double, 3>{0, 0.02, 0.1});
  w.crash = pick<double>(d, std::array<double, 3>{0, 0.01, 0.04});
  w.cut = pick<double>(d, std::array<double, 4>{0, 0.01, 0.03, 0.08});
  w.slow = pick<double>(d, std::array<double, 3>{0, 0.03, 0.1});
  w.pause = pick<double>(d, std::array<double, 3>{0, 0, 0.02});
  w.transfer = pick<double>(d, std::array<double, 3>{0, 0.02, 0.05});
  w.disk_failure = pick<double>(d, std::array<double, 3>{0, 0.005, 0.03});
  w.clock = pick<double>(d, std::array<double, 3>{0, 0, 0.05});
  w.flush = pick<double>(d, std::array<double, 3>{0.01, 0.1, 0.5});
  w.hints = pick<double>(d, std::array<double, 3>{0, 0.3, 1});
  w.seal = pick<double>(d, std::array<double, 4>{0, 0, 0.01, 0.05});
}

void world::cut_off(node_id a) {
  for (std::uint64_t b = 1; b <= nodes_.size(); ++b) {
    if (b == a.value) continue;
    cuts_.insert({a, node_id{b}});
    cuts_.insert({node_id{b}, a});
  }
  trace(detail::events, "node %lu is cut off", a.value);
}

// Sometimes the leader that hands over never hears that another one took it: for a while both lead.
void world::hand_over() {
  bool cut = dice_.chance(0.5);
  for (auto& n : nodes_) {
    if (!n->leads()) continue;
    static_cast<void>(n->transfer(node_id{}));
    if (cut)
      after(dice_.between(1, 30), [this, id = n->id()] {
        if (chaos_) cut_off(id);
      });
  }
}

// Any 1, 3 or 5 nodes follow; whoever leads is asked, and may have been deposed or sealed before.
void world::change_voters() {
  for (auto& n : nodes_) {
    if (!n->leads()) continue;
    std::vector<node_id> all;
    for (const auto& other : nodes_) all.push_back(other->id());
    for (auto i = all.size(); i > 1; --i) std::swap(all[i - 1], all[dice_.next() % i]);
    auto count = pick<std::uint64_t>(dice_, std::array<std::uint64_t, 6>{1, 3, 3, 3, 5, 2});
    all.resize(std::min<std::size_t>(count, all.size()));
    auto next = n->member().current().value + 1;
    capnp::MallocMessageBuilder message;
    auto command = message.initRoot<schema::Command>();
    command.setPrincipal("node");
    auto seal = command.getBody().initSeal();
    seal.setGeneration(next);
    auto voters = seal.initVoters(static_cast<unsigned>(all.size()));
    std::string names;
    for (unsigned i = 0; i < voters.size(); ++i) {
      voters.set(i, all[i].value);
      names += ' ' + std::to_string(all[i].value);
    }
    trace(detail::events, "node %lu is asked to seal for generation %lu of%s", n->id().value, next,
          names.c_str());
    std::uint64_t delay_ms = 0;
    if (dice_.chance(0.6)) {  // who holds nothing learns ahead of it, for long enough or not
      for (auto v : all) at(v).learn(n->id(), n->member().current());
      delay_ms = dice_.between(0, 3'000);
    }
    after(delay_ms, [this, id = n->id(), bytes = to_bytes(message)] {
      if (chaos_ && at(id).up()) at(id).propose(bytes, [](result<std::string>) {});
    });
  }
}

void world::cut_some() {
  auto n = nodes_.size();
  auto a = any_node();
  switch (dice_.between(0, 2)) {
    case 0: cut_off(a); break;
    case 1: {  // one way
      auto b = any_node();
      cuts_.insert({a, b});
      trace(detail::events, "nothing gets from node %lu to node %lu", a.value, b.value);
      break;
    }
    default: {  // two camps
      auto camp = dice_.next();
      for (std::uint64_t x = 1; x <= n; ++x)
        for (std::uint64_t y = 1; y <= n; ++y)
          if (((camp >> x) & 1) != ((camp >> y) & 1)) cuts_.insert({node_id{x}, node_id{y}});
      trace(detail::events, "the network parts");
    }
  }
}

// Who is down or cut off is missed sooner or later, and found again; sometimes a connection breaks for no reason.
void world::notice_connections() {
  for (auto& n : nodes_)
    for (auto& peer : nodes_) {
      if (n == peer || !n->up()) continue;
      auto& wires = n->wires();
      bool gone = !peer->up() || !connected(peer->id(), n->id()) || !connected(n->id(), peer->id()) ||
                  !wires.is_whole(peer->id());
      if (!wires.is_connected(peer->id())) {
        if (!gone && dice_.chance(0.3)) wires.connect(peer->id());
      } else if (dice_.chance(gone ? 0.01 + 0.3 * weather_.hints : 0.002 * weather_.hints)) {
        wires.disconnect(peer->id());
      }
    }
}

void world::nemesis() {
  auto& victim = at(any_node());
  if (dice_.chance(weather_.crash))
    victim.crash();
  else if (!victim.up() && dice_.chance(0.15))
    victim.start();
  // Records that are half replaced are a short moment, which chance would hardly ever hit.
  for (auto& n : nodes_)
    if (n->up() && n->member().importing() && dice_.chance(weather_.crash * 10)) n->crash();
  if (dice_.chance(weather_.cut)) cut_some();
  if (!cuts_.empty() && dice_.chance(0.05)) {
    cuts_.clear();
    trace(detail::events, "the network is whole");
  }
  if (dice_.chance(weather_.slow)) at(any_node()).slow_disk(dice_.chance(0.5) ? 2 : dice_.between(50, 1'500));
  if (dice_.chance(weather_.pause)) at(any_node()).pause(dice_.between(50, 1'500));
  if (dice_.chance(weather_.disk_failure)) at(any_node()).fail_disk();
  if (dice_.chance(weather_.transfer)) hand_over();
  if (dice_.chance(weather_.clock)) {
    auto step = static_cast<std::int64_t>(dice_.between(0, 20'000'000)) - 10'000'000;
    at(any_node()).step_clock(step);
  }
  if (!is_run_ && dice_.chance(weather_.seal)) change_voters();
  notice_connections();
  if (dice_.chance(0.02)) draw_weather();
}

void world::heal() {
  trace(detail::events, "all is well again");
  chaos_ = false;
  weather_ = {};
  cuts_.clear();
  for (auto& n : nodes_) {
    n->slow_disk(2);
    if (!n->up()) n->start();
  }
}

// --- the end

const node* world::newest() const {
  const node* found = nullptr;
  for (const auto& n : nodes_)
    if (n->sound() && n->replica() && (!found || n->member().current() > found->member().current()))
      found = n.get();
  return found;
}

bool world::runs_well(std::string& why) const {
  for (const auto& n : nodes_)
    if (n->leads() && n->member().current() == newest()->member().current())
      return admin_->is_settled(*n, why);
  return why = "nobody leads", false;
}

bool world::converged(std::string& why) const {
  if (!workload_->finished()) return why = workload_->waiting(), false;
  log_index most = oracle_.applied_most();
  const auto* last = newest();
  if (!last) return why = "nobody votes", false;
  if (is_run_ && !runs_well(why)) return false;
  for (const auto& n : nodes_) {
    auto name = "node " + std::to_string(n->id().value);
    if (!n->sound()) return why = name + " is down", false;
    if (n->installing()) return why = name + " installs", false;
    if (n->member().learning()) return why = name + " learns", false;
    const auto& voters = last->member().voters();
    bool votes = std::find(voters.begin(), voters.end(), n->id()) != voters.end();
    auto wanted = votes ? storage::member_phase::voting : storage::member_phase::vacant;
    if (n->member().phase() != wanted)
      return why = name + " is " + std::string(storage::to_string(n->member().phase())), false;
    if (!n->front().feeds().has_reached(last->replica()->last_seq()))
      return why = name + " has not been told of all events", false;
    if (!votes && n->writing()) return why = name + " writes", false;
    if (!votes) continue;
    if (n->member().current() != last->member().current())
      return why = name + " is generations behind", false;
    if (!n->member().settled()) return why = name + " still tells of its generation", false;
    if (n->replica()->applied() < most) {
      why = name + " applied " + std::to_string(n->replica()->applied().value) + " of " +
            std::to_string(most.value);
      return false;
    }
  }
  return true;
}

void world::audit() const {
  std::optional<std::uint64_t> digest;
  for (const auto& n : nodes_) {
    n->write_out();
    auto mine = storage::digest(n->store().latest(), the_shard);
    if (!n->replica()) {
      if (mine != storage::digest(testing::memory_kv().latest(), the_shard))
        throw violation("a node that has left keeps records");
      continue;
    }
    if (!digest) workload_->audit(n->store().latest());
    if (digest && *digest != mine) throw violation("states differ at the end");
    digest = mine;
  }
}

void world::trace(detail level, const char* format, ...) {
  if (!tracing(level)) return;
  std::printf("%8lu ms  ", now_ms_);
  std::va_list arguments;
  va_start(arguments, format);
  std::vprintf(format, arguments);
  va_end(arguments);
  std::printf("\n");
}

}  // namespace troupe::sim
