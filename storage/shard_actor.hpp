// The actor of one shard on one node: brings time, disk and messages to a storage::shard and carries out what it asks.
// The only one to touch that shard's keys. See shard_client.hpp for what it is told.
#pragma once

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

#include <functional>
#include <memory>

#include "protocol/frame.hpp"
#include "storage/log_writer.hpp"
#include "storage/shard.hpp"
#include "storage/space_guard.hpp"

namespace troupe::storage {

// What all shards of a node share. Outlives them.
struct shard_surroundings {
  kv& store;
  log_writer& writer;
  const machine_set& machines;
  space_guard& space;
  // Queries run here, on threads of their own: see spawn_query_workers().
  caf::actor queries;
  // Sends a raft frame to a node; empty while the node runs alone.
  std::function<void(node_id, frame)> send;
};

// 'n' actors with a thread each, behind one handle.
caf::actor spawn_query_workers(caf::actor_system& system, std::size_t n, const kv& store,
                               const machine_set& machines);

// Starts the shard at once. A shard that cannot start answers everything with why.
caf::actor spawn_shard(caf::actor_system& system, shard_config config,
                       std::shared_ptr<const shard_surroundings> around);

}  // namespace troupe::storage
