// The actors of a node above its shards: router, outboxes, and the client that edges use. Owned by the node.
#pragma once

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

#include <chrono>
#include <memory>
#include <vector>

#include "actors/runtime/client.hpp"

namespace troupe {

class runtime {
 public:
  // 'shards' in the order of their ids.
  runtime(caf::actor_system& system, std::vector<caf::actor> shards, epoch history);
  // Ends its actors: drain first, and stop what uses the client.
  ~runtime();
  runtime(const runtime&) = delete;
  runtime& operator=(const runtime&) = delete;

  client& get_client();
  // Takes no more commands and waits until those in flight are answered, at most 'deadline'.
  void drain(std::chrono::milliseconds deadline);

 private:
  class actor_client;

  caf::actor_system& system_;
  std::vector<caf::actor> shards_;
  std::vector<caf::actor> outboxes_;
  caf::actor router_;
  std::unique_ptr<actor_client> client_;
};

}  // namespace troupe
