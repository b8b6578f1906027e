// The actors of a node above its shards: router, gateways, feeds, outboxes, and the client that edges use. Owned by the node.
#pragma once

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

#include <chrono>
#include <memory>
#include <vector>

#include "actors/runtime/client.hpp"
#include "actors/runtime/peer_links.hpp"
#include "actors/runtime/shard_directory.hpp"

namespace troupe {

class runtime {
 public:
  // 'shards' in the order of their ids. In a cluster: 'peers' before it starts, and the directory, into which the shards
  // of this node and the cluster's map tell what they know; both outlive this. A node alone has neither.
  runtime(caf::actor_system& system, std::vector<caf::actor> shards, epoch history, network* peers = nullptr,
          shard_directory* directory = nullptr);
  // Ends its actors: drain first, and stop what uses the client.
  ~runtime();
  runtime(const runtime&) = delete;
  runtime& operator=(const runtime&) = delete;

  client& get_client();
  // Takes no more commands and waits until those in flight are answered, at most 'deadline'.
  void drain(std::chrono::milliseconds deadline);

 private:
  class actor_client;
  struct ears;

  void listen(network& peers, shard_directory& directory, const std::shared_ptr<peer_links>& links);

  caf::actor_system& system_;
  std::vector<caf::actor> shards_;
  std::vector<caf::actor> outboxes_;
  std::vector<caf::actor> gateways_;
  caf::actor router_, feeds_, feed_server_;
  std::shared_ptr<ears> ears_;  // of the network and the directory: nothing is heard once it is gone
  std::unique_ptr<actor_client> client_;
};

}  // namespace troupe
