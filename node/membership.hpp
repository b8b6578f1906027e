// A node's part in its cluster: it knows the map, tells the others how it is and hears how they are, and while it leads the
// system shard it acts: founds the map, seals one shard after the other until the voters are where placement wants them,
// records the generations, and hands leaders around. Thread-safe; an actor of its own does the work.
//
// Invariants:
// - the map may lag, the seal is the truth: what is recorded is what voters report;
// - one shard changes at a time, and the next one only when all its living voters have caught up;
// - two nodes that both believe to lead do no harm: a seal names the generation that it ends.
#pragma once

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/cluster/map.hpp"
#include "actors/runtime/client.hpp"
#include "actors/runtime/shard_directory.hpp"
#include "protocol/network.hpp"
#include "storage/rollback_guard.hpp"

namespace troupe::node {

// What a node knows of itself. Quick to get: called on the actor's thread.
struct own_figures {
  bool ready = false;
  std::vector<std::string> problems;
  std::uint64_t resident_bytes = 0, disk_free_bytes = 0;
  std::int64_t certificate_expires_us = 0;  // 0: not known
};

struct membership_sources {
  client* actors = nullptr;        // outlives it
  network* peers = nullptr;        // null: alone. Not started yet: handlers are set here
  std::vector<caf::actor> shards;  // of this node, by id, vacant ones too
  shard_directory* directory = nullptr;
  std::string cluster_id;
  cluster::node_facts self;    // as announced
  cluster::cluster_map known;  // of the last run; version 0: nothing is known
  std::int64_t started_us = 0;
  std::function<own_figures()> figures;
  std::shared_ptr<storage::rollback_guard> marks;  // null: alone
  // Called with every newer map, on the actor's thread: tells the network whom to reach.
  std::function<void(const cluster::cluster_map&)> map_changed;
  // How often it looks: while something changes, while it acts, and else.
  std::chrono::milliseconds look_changing{100}, look_acting{500}, look_idle{2000};
  // Leaders are handed around only after so long without a change.
  std::chrono::milliseconds leaders_rest{3000};
};

// What a node shows that wants to join: its invitation's id and BLAKE2b-256 of the secret.
struct shown_invitation {
  std::string id, secret_hash;
};

struct membership_figures {
  std::size_t joining = 0, active = 0, draining = 0, alive = 0;
  std::uint64_t map_version = 0, seals = 0, transfers = 0, digest_mismatches = 0;
  std::size_t connected = 0, led = 0, replicas = 0, changing = 0, problems = 0;
  std::uint64_t lag_max = 0;  // of this node's replicas, in entries
};

class membership {
 public:
  membership(caf::actor_system& system, membership_sources from);
  // Waits until its actor is gone. The network and the shards may go afterwards; answers that come later are dropped.
  ~membership();
  membership(const membership&) = delete;
  membership& operator=(const membership&) = delete;

  using changed = std::function<void(result<cluster::cluster_map>)>;
  using done = std::function<void(result<bool>)>;

  cluster::cluster_map map() const;
  // An encoded schema::ClusterView; never null.
  std::shared_ptr<const std::string> view() const;
  membership_figures figures() const;

  // May the node that said hello come in? Known nodes without an invitation; strangers with one.
  // 'decide' is called once, at once or from an actor's thread: with the map, or with a refusal in words.
  void admit(const cluster::node_facts& who, const std::optional<shown_invitation>& with, changed decide);
  // Changes the map: 'fill' makes the command.
  void command(const std::function<void(schema::ClusterCommand::Builder)>& fill, changed then);
  // Asks the shard's leader to hand it to 'to' (0: whoever). Done means: it was asked, the view shows what came of it.
  void transfer(shard_id shard, node_id to, done then);

 private:
  struct common;
  class body;

  client* client_ = nullptr;
  std::shared_ptr<common> common_;
  caf::actor actor_;
};

}  // namespace troupe::node
