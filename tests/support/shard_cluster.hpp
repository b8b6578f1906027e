// Several nodes' shards over real stores and actors, and a network in memory between them. Nodes 1 to n; each has its own
// folder, which outlives its restarts.
#pragma once

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "actors/machines.hpp"
#include "actors/runtime/runtime.hpp"
#include "actors/runtime/shard_directory.hpp"
#include "storage/shard_actor.hpp"
#include "tests/support/memory_network.hpp"
#include "tests/support/temporary_folder.hpp"

namespace troupe::test {

struct shard_cluster_options {
  std::uint64_t nodes = 3;
  std::vector<node_id> founders = {node_id(1), node_id(2), node_id(3)};
  std::uint16_t shards = 1;
  std::uint64_t snapshot_every = limits::log_entries_before_snapshot;
  std::uint64_t trailing = 16;
  std::chrono::milliseconds digest_every{0};
  bool has_runtime = false;  // routers, feeds and outboxes over the shards
};

class shard_cluster {
 public:
  using options = shard_cluster_options;
  explicit shard_cluster(options o = {});
  ~shard_cluster();

  void start(std::uint64_t node);
  // As if killed for the others; its actors end in order.
  void stop(std::uint64_t node);
  bool is_up(std::uint64_t node) const { return nodes_[node - 1]->system != nullptr; }

  memory_network& net() { return net_; }
  network& peers(std::uint64_t node) { return *nodes_[node - 1]->peers; }
  // With options::has_runtime.
  client& at(std::uint64_t node) { return nodes_[node - 1]->actors->get_client(); }
  storage::kv& store(std::uint64_t node) { return *nodes_[node - 1]->store; }
  const std::filesystem::path& folder(std::uint64_t node) const { return nodes_[node - 1]->folder.path(); }
  caf::actor_system& system(std::uint64_t node) { return *nodes_[node - 1]->system; }
  const caf::actor& shard(std::uint64_t node, std::uint16_t shard = 0) {
    return nodes_[node - 1]->shards[shard];
  }
  shard_place seen_by(std::uint64_t node, std::uint16_t shard = 0) {
    return nodes_[node - 1]->directory->of(shard_id(shard));
  }

  // Until it holds; looked at whenever anything about shards or leaders changes, and now and then. False: not in time.
  bool wait(const std::function<bool()>& until, std::chrono::seconds within = std::chrono::seconds(30));
  // The node that leads, once a majority of the running ones say the same; 0: not in time.
  std::uint64_t leader(std::uint16_t shard = 0);

  // Of a shard's actor, with the words of shard_client.hpp.
  result<std::string> command(std::uint64_t node, std::string command, std::uint16_t shard = 0);
  // Again, elsewhere, until it is taken.
  result<std::string> command_anywhere(std::string command, std::uint16_t shard = 0);
  result<std::string> status(std::uint64_t node, std::uint16_t shard = 0);
  result<std::string> transfer(std::uint64_t node, std::uint64_t to, std::uint16_t shard = 0);
  // The digest of its records, all of them shown.
  std::uint64_t digest(std::uint64_t node, std::uint16_t shard = 0);

 private:
  struct one_node {
    temporary_folder folder;
    network* peers = nullptr;
    std::unique_ptr<shard_directory> directory;
    std::unique_ptr<storage::kv> store;
    std::unique_ptr<storage::log_writer> writer;
    std::unique_ptr<storage::space_guard> space;
    std::unique_ptr<caf::actor_system_config> config;
    std::unique_ptr<caf::actor_system> system;
    caf::actor queries;
    std::unique_ptr<storage::digest_worker> digests;
    std::vector<caf::actor> shards;
    std::unique_ptr<runtime> actors;
  };

  options options_;
  machine_set machines_ = make_machines();
  std::mutex mutex_;
  std::condition_variable wake_;
  memory_network net_;
  std::vector<std::unique_ptr<one_node>> nodes_;
};

}  // namespace troupe::test
