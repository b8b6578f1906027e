// The actor of one shard on one node: brings time, disk and messages to a storage::member and carries out what it asks.
// The only one to touch that shard's keys. See shard_client.hpp for what it is told.
#pragma once

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

#include <chrono>
#include <functional>
#include <memory>

#include "protocol/network.hpp"
#include "storage/digest_worker.hpp"
#include "storage/log_writer.hpp"
#include "storage/member.hpp"
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
  // Null while the node runs alone. See serve_peers().
  network* peers = nullptr;
  // Who votes in a shard, as soon as this node knows, replica or not; and on every replica when its role or its leader
  // changes (0: none known). On the shards' threads: hand over, don't work there.
  std::function<void(shard_id, troupe::generation, const std::vector<node_id>&)> voters_changed = {};
  std::function<void(shard_id, troupe::generation, term, node_id leader)> leader_changed = {};
  // Takes the digests by which replicas compare their records; null: nobody does, and none is asked for.
  digest_worker* digests = nullptr;
  // How often a leader asks its shard's replicas for one, at most. 0: never.
  std::chrono::milliseconds digest_every = std::chrono::minutes(10);
  // The store failed, and does not take up again though the disk has room. After a failed sync nobody knows what is on disk
  // before it is read anew: the process should end. Called on a shard's thread.
  std::function<void(const failure&)> store_lost = {};
};

// 'n' actors with a thread each, behind one handle.
caf::actor spawn_query_workers(caf::actor_system& system, std::size_t n, const kv& store,
                               const machine_set& machines);

// Starts the shard at once. A shard that cannot start answers everything with why.
caf::actor spawn_shard(caf::actor_system& system, shard_config config,
                       std::shared_ptr<const shard_surroundings> around);

}  // namespace troupe::storage
