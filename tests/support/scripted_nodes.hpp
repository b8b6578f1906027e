// Three nodes' runtimes over one memory network, with shards by script instead of storage: one state for all nodes, which
// the leader's node alone may change, and faults put in by the test.
#pragma once

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <future>
#include <map>
#include <mutex>
#include <set>

#include "actors/runtime/runtime.hpp"
#include "tests/support/memory_network.hpp"

namespace troupe::test {

// What the replicas of the one shard agree on.
struct scripted_state {
  std::mutex mutex;
  node_id leader;
  std::map<std::string, std::string> remembered;  // by key: the reply
  std::vector<std::string> applied;               // commands without a key, and those with one once
  int lose_answers = 0;                           // so many commands take effect, but are answered "unknown"
  int swallow_answers = 0;                        // so many take effect and are never answered
  std::size_t asked = 0;
};

class scripted_nodes {
 public:
  explicit scripted_nodes(std::uint16_t nodes = 3);
  ~scripted_nodes();

  scripted_state& state() { return *state_; }
  memory_network& net() { return net_; }
  shard_directory& directory(node_id node) { return *nodes_.at(node)->directory; }
  client& at(node_id node) { return nodes_.at(node)->actors->get_client(); }

  // That node leads in the next term; 'told' learn it.
  void lead(node_id leader, const std::vector<node_id>& told);
  std::vector<node_id> all() const;

  std::future<result<std::string>> command(node_id at, std::string command);

 private:
  struct stack {
    std::unique_ptr<shard_directory> directory;
    std::vector<caf::actor> shards;
    std::unique_ptr<runtime> actors;
  };

  memory_network net_;
  std::shared_ptr<scripted_state> state_ = std::make_shared<scripted_state>();
  caf::actor_system_config config_;
  std::unique_ptr<caf::actor_system> system_;
  std::map<node_id, std::unique_ptr<stack>> nodes_;
  std::uint64_t term_ = 0;
};

}  // namespace troupe::test
