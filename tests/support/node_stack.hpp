// A node's storage and actors over a real directory, without the edge: what runtime tests talk to.
#pragma once

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <future>

#include "actors/machines.hpp"
#include "actors/runtime/runtime.hpp"
#include "storage/rocks_kv.hpp"
#include "storage/shard_actor.hpp"

namespace troupe::test {

class node_stack {
 public:
  explicit node_stack(const std::filesystem::path& directory, std::uint16_t shards = 3,
                      std::uint64_t snapshot_every = limits::log_entries_before_snapshot);
  ~node_stack();

  client& get_client() { return runtime_->get_client(); }
  storage::kv& store() { return *store_; }
  // Waits for the answer.
  result<std::string> command(shard_id shard, std::string command);
  result<std::string> query(shard_id shard, std::string query);

 private:
  std::unique_ptr<storage::kv> store_;
  std::unique_ptr<storage::log_writer> writer_;
  machine_set machines_;
  std::unique_ptr<storage::space_guard> space_;
  caf::actor_system_config config_;
  std::unique_ptr<caf::actor_system> system_;
  std::vector<caf::actor> shards_;
  caf::actor queries_;
  std::unique_ptr<runtime> runtime_;
};

}  // namespace troupe::test
