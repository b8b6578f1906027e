// One simulated run: real members of a shard (generations, replica, log, records, machines) on simulated disks, network and
// clocks, clients that retry, and a nemesis that breaks what may break. Everything follows from the seed.
//
//   chaos for a while -> everything heals -> it must converge -> audit: each acknowledged command took effect once
#pragma once

#include <cstdarg>
#include <functional>
#include <memory>
#include <queue>
#include <set>
#include <string>
#include <vector>

#include "node/cluster/outbox.hpp"
#include "protocol/machine.hpp"
#include "tests/sim/dice.hpp"
#include "tests/sim/easy_shard.hpp"
#include "tests/sim/oracle.hpp"

namespace troupe::sim {

// A bug put in on purpose, to show that the simulation finds it.
enum class plant : std::uint8_t {
  none,
  ack_before_sync,
  skip_guard,
  apply_twice,
  write_after_failure,
  trust_unflushed,
  forget_left,
  forget_import,
  forget_identity,
  lose_feed,
  freeze_report,
  keep_room
};

enum class detail : std::uint8_t { silent, events, everything };

struct run_options {
  std::uint64_t seed = 1;
  sim::plant plant = plant::none;
  replica_guards guards = {};  // plant::skip_guard lacks one
  detail trace = detail::silent;
};

struct run_counts {
  std::uint64_t commits = 0, elections = 0, reads = 0, acknowledged = 0, crashes = 0, installs = 0,
                follows = 0, messages = 0, write_failures = 0, generations = 0, questions = 0, no_room = 0,
                gaps = 0;
  void add(const run_counts& o);
};

class admin;
class node;
class workload;

// Which of a member's two kinds of messages.
enum class channel : std::uint8_t { raft, generations };

// The weather of a run: drawn from the seed, some of it again during the run.
struct weather {
  double loss = 0, duplication = 0, straggling = 0;
  std::uint64_t delay_ms_max = 10;
  double crash = 0, cut = 0, slow = 0, pause = 0, transfer = 0, disk_failure = 0, clock = 0, seal = 0,
         hints = 0;
  double flush = 0.2;  // after a group of log writes
};

class world {
 public:
  explicit world(const run_options& options);
  ~world();

  // Throws violation.
  void run();
  run_counts counts() const;

  // For nodes and clients.
  dice& chance() { return dice_; }
  std::uint64_t now() const { return now_ms_; }
  void after(std::uint64_t ms, std::function<void()> action);
  void send(node_id from, node_id to, channel by, std::string bytes);
  // 'deliver' happens when and as often as the network likes, if 'to' is up then.
  void carry(node_id from, node_id to, std::function<void()> deliver);
  bool connected(node_id from, node_id to) const { return !cuts_.contains({from, to}); }
  node& at(node_id id);
  node_id any_node();
  const std::vector<std::unique_ptr<node>>& nodes() const { return nodes_; }
  oracle& truth() { return oracle_; }
  easy_shard& easy() { return easy_; }
  // Membership places the shards, and people run it; else generations change at random.
  bool is_run() const { return is_run_; }
  // Nodes speak over connections, with so much room; else each message finds its own way.
  bool has_channels() const { return has_channels_; }
  const troupe::node::outbox_limits& room() const { return room_; }
  const machine_set& machines() const { return machines_; }
  const run_options& options() const { return options_; }
  bool chaos() const { return chaos_; }
  // No other of this run is the same.
  std::uint64_t draw_number() { return ++numbers_; }
  const weather& current() const { return weather_; }
  run_counts& tally() { return counts_; }

  bool tracing(detail level) const { return options_.trace >= level; }
  void trace(detail level, const char* format, ...) __attribute__((format(printf, 3, 4)));

 private:
  struct event {
    std::uint64_t at_ms, order;
    std::function<void()> action;
    bool operator>(const event& o) const { return at_ms != o.at_ms ? at_ms > o.at_ms : order > o.order; }
  };
  void run_until(std::uint64_t ms);
  void draw_weather();
  void nemesis();
  void cut_some();
  void notice_connections();
  void cut_off(node_id a);
  void hand_over();
  void change_voters();
  void heal();
  // The generation that all must end in.
  const node* newest() const;
  bool runs_well(std::string& why) const;
  bool converged(std::string& why) const;
  void audit() const;

  run_options options_;
  dice dice_;
  weather weather_;
  std::uint64_t now_ms_ = 1'000;
  std::uint64_t order_ = 0, numbers_ = 0;
  std::priority_queue<event, std::vector<event>, std::greater<>> events_;
  std::set<std::pair<node_id, node_id>> cuts_;
  bool chaos_ = true, is_run_ = false, has_channels_ = false;
  troupe::node::outbox_limits room_;
  oracle oracle_;
  machine_set machines_;
  std::vector<std::unique_ptr<node>> nodes_;
  std::unique_ptr<workload> workload_;
  easy_shard easy_{*this};
  std::unique_ptr<admin> admin_;
  run_counts counts_;
};

}  // namespace troupe::sim
