// Online backups of the whole cluster, made by the node that was asked: it pulls each shard's state from that shard's leader,
// its own or another node's, as a replica that was away would, and writes it to a folder (storage/backup_folder.hpp).
//
// Invariants:
// - a shard's state is one that its leader confirmed with a majority after the backup was asked for: all that was
//   acknowledged before is in it;
// - one backup at a time, one shard after the other, a chunk in memory, not faster than allowed; nobody waits for it;
// - it is there whole, or it failed and nothing of it is left.
// Thread-safe. A thread of its own does the work.
#pragma once

#include <caf/actor.hpp>

#include <condition_variable>
#include <functional>
#include <future>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "actors/runtime/client.hpp"
#include "protocol/network.hpp"
#include "storage/backup_folder.hpp"

namespace troupe::node {

inline constexpr std::uint64_t backup_bytes_per_second_max = 32ULL << 20;

struct backup_sources {
  client* actors = nullptr;        // outlives it
  network* peers = nullptr;        // null: alone
  std::vector<caf::actor> shards;  // of this node, by id
  node_id self;
  std::string cluster_id;
};

struct backup_state {
  std::string folder;  // empty: none was asked for
  bool running = false;
  std::uint32_t shards_done = 0, shards = 0;
  std::uint64_t bytes = 0;
  std::optional<failure> failed;
  std::uint64_t digest = 0;  // when it is done
  // Of all since the node started.
  std::int64_t succeeded_us = 0;  // when the last one did, 0: none
  std::uint64_t failures = 0;
};

class backups {
 public:
  explicit backups(backup_sources from);
  // Ends one that is under way.
  ~backups();
  backups(const backups&) = delete;

  // errc::conflict while there is another one; else it has begun, or has failed at once.
  result<backup_state> begin(const std::string& folder);
  backup_state state() const;

 private:
  struct place {
    std::vector<node_id> voters;
    node_id leader;
    troupe::generation generation;
    snapshot_point point;
  };

  void run(const std::string& folder);
  result<storage::backup_manifest> write(const std::string& folder);
  result<storage::shard_backup> copy(storage::backup_writer& to, shard_id shard);
  result<place> confirmed(shard_id shard);
  result<bool> pull(storage::backup_writer& to, storage::state_taker& taker, shard_id shard);
  result<frame> ask(node_id from, shard_id shard, frame question);
  template <class T>
  result<T> wait(std::future<result<T>>& coming);
  // False: it is to end.
  bool pause(std::chrono::steady_clock::time_point until);
  void count(const std::function<void(backup_state&)>& change);

  backup_sources from_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool ending_ = false;
  backup_state state_;
  std::chrono::steady_clock::time_point begun_;
  std::thread worker_;
};

}  // namespace troupe::node
