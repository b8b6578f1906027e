// A node's side of its cluster: what it knows of where shards are, the network to the other nodes, its part in membership.
// A node alone has the first and the last, without a network.
//
//   made  ->  shards and runtime are made with directory() and peers()  ->  start()  ->  ...  ->  stop()
//
// Owner: the engine's thread. stop() comes before anything that the handlers speak to is gone.
#pragma once

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "actors/runtime/client.hpp"
#include "actors/runtime/shard_directory.hpp"
#include "node/cluster/invitation.hpp"
#include "node/cluster/peer_network.hpp"
#include "node/config.hpp"
#include "node/kept_map.hpp"
#include "node/membership.hpp"
#include "storage/data_dir.hpp"
#include "storage/rollback_guard.hpp"

namespace troupe::node {

class clustering {
 public:
  // 'kept': the map of the last run. 'with': what a joining node shows until it has a map. 'store' outlives it.
  clustering(caf::actor_system& system, const config& c, const storage::directory_identity& id, kept_map kept,
             std::optional<invitation> with, storage::kv& store);
  ~clustering();
  clustering(const clustering&) = delete;

  shard_directory& directory() { return directory_; }
  // Null when the node runs alone.
  network* peers() { return network_.get(); }
  // The behaviour level in force, kept current; 0 before the map is known.
  std::shared_ptr<const std::atomic<std::uint32_t>> level() const { return level_; }

  struct surroundings {
    client* actors = nullptr;
    std::vector<caf::actor> shards;
    std::string client_address;  // where clients reach this node
    std::int64_t started_us = 0;
    std::function<own_figures()> figures;
  };
  // All handlers are set, and the others may come. Where it listens; nothing when the node runs alone.
  result<std::optional<listen_address>> start(surroundings around);
  // Ends the network, then membership. Nothing is heard from peers afterwards.
  void stop();

  bool started() const { return membership_ != nullptr; }
  membership& members() { return *membership_; }
  // This node, and every other one of the map that can be reached: what a new node is told.
  std::vector<peer_address> known_peers() const;
  std::vector<peer_status> peer_states() const;
  // Why this node takes part in nothing: its data directory was put back. Empty: it does.
  std::string verdict() const { return marks_ ? marks_->verdict() : std::string(); }
  // The nodes that are refused for that reason, in words.
  std::vector<std::string> refusals() const;

 private:
  void admit(const peer_hello_facts& who, std::function<void(result<bool>)> decide);
  void reach(const cluster::cluster_map& map);
  void advance_mark();
  void keep_marking();

  caf::actor_system& system_;
  const config& config_;
  const storage::directory_identity identity_;
  const kept_map kept_;
  const std::shared_ptr<std::atomic<std::uint32_t>> level_ = std::make_shared<std::atomic<std::uint32_t>>(0);
  std::optional<invitation> invitation_;
  listen_address listen_, advertised_;
  shard_directory directory_;
  std::shared_ptr<storage::rollback_guard> marks_;  // null: alone
  std::unique_ptr<peer_network> network_;
  std::unique_ptr<membership> membership_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool ending_ = false;
  std::thread marking_;  // waits for the disk
};

}  // namespace troupe::node
