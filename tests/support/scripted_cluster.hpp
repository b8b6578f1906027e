// A cluster whose shards are a script: the memberships of several nodes are real, and so is the machine of the map; what a
// shard would do (take a seal, elect, pull) happens at once, or after its newcomers have been looked at a few times.
#pragma once

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>

#include "node/membership.hpp"
#include "tests/support/memory_network.hpp"
#include "tests/support/memory_records.hpp"

namespace troupe::test {

class scripted_cluster {
 public:
  struct scripted_shard {
    troupe::generation generation;
    std::vector<node_id> voters;
    node_id leader;
    std::uint64_t term = 1;
    std::map<node_id, int> pulling;                  // newcomers, and how often they must be asked yet
    std::map<node_id, troupe::generation> learning;  // ahead of the seal of that generation
    std::map<node_id, std::uint64_t> digests;        // of the records at entry 1, where it is another one
  };

  struct hand_over {
    shard_id shard;
    std::chrono::steady_clock::time_point at;
  };

  explicit scripted_cluster(std::uint16_t shards = 4,
                            std::chrono::milliseconds leaders_rest = std::chrono::milliseconds(20));
  ~scripted_cluster();

  // The first one founds the cluster; the others have to be admitted.
  void start(node_id id, std::string zone = {});
  // As if it had been killed.
  void kill(node_id id);
  node::membership& at(node_id id) { return *nodes_.at(id)->member; }
  memory_network& net() { return net_; }

  // Until 'holds' says so, looked at whenever something happened; false after a minute.
  bool wait(const std::function<bool()>& holds);
  // Answers of these within a minute.
  result<cluster::cluster_map> command(node_id at,
                                       const std::function<void(schema::ClusterCommand::Builder)>& fill);
  result<cluster::cluster_map> admit(node_id at, node_id who, std::optional<node::shown_invitation> with);
  // Invited by a node that runs, admitted and started.
  void join(node_id by, node_id id, std::string zone = {});

  // That replica's records are others than those of the rest.
  void alter(shard_id shard, node_id replica);
  std::vector<scripted_shard> shards();
  std::vector<shard_id> sealed();  // in this order
  std::size_t changing_at_once_max();
  std::vector<hand_over> handed();  // from one to another, in this order

 private:
  class face;
  struct machine_node {
    std::vector<caf::actor> shards;
    std::unique_ptr<face> actors;
    std::unique_ptr<node::membership> member;
  };

  std::string status_of(node_id at, std::uint16_t shard);
  frame answer(node_id at, std::uint16_t shard, const frame& query);
  result<std::string> take(node_id at, shard_id shard, const std::string& command);
  result<std::string> take_seal(scripted_shard& s, shard_id id, schema::Seal::Reader seal);
  void elect();
  bool lives(node_id id) const { return nodes_.contains(id); }
  cluster::node_facts facts_of(node_id id, std::string zone) const;
  void happened();

  caf::actor_system_config config_;
  caf::actor_system system_;
  memory_network net_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<scripted_shard> shards_;
  std::vector<shard_id> sealed_;
  std::vector<hand_over> handed_;
  const std::chrono::milliseconds leaders_rest_;
  std::size_t changing_max_ = 0;
  testing::memory_shard map_;
  std::map<node_id, std::unique_ptr<machine_node>> nodes_;
};

}  // namespace troupe::test
