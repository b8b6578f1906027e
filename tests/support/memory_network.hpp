// A network between nodes of one process: messages go through one thread, in order, and links can be cut and healed.
// Everybody who has started is connected to everybody else who has, until a link is cut.
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "protocol/network.hpp"

namespace troupe::test {

class memory_network {
 public:
  memory_network();
  ~memory_network();
  memory_network(const memory_network&) = delete;

  // A node's end. It outlives its users; after leave() it is as if the node had died.
  network& join(node_id self);
  // Set the handlers of join()'s network first.
  void start(node_id self);
  // Returns when no handler of that node runs any more.
  void leave(node_id self);

  // In both directions, or only what 'from' sends.
  void cut(node_id a, node_id b);
  void cut_one_way(node_id from, node_id to);
  void heal();
  // Cuts 'node' off from all others.
  void isolate(node_id node);

 private:
  class end;
  struct pending_answer {
    network::answer done;
    node_id asker, asked;
    std::chrono::steady_clock::time_point deadline;
  };

  void run();
  void enqueue(std::function<void()> job);
  end* reachable(node_id from, node_id to);  // with the lock held
  bool linked(node_id a, node_id b) const;
  void tell_changes(const std::set<std::pair<node_id, node_id>>& before);
  std::set<std::pair<node_id, node_id>> links() const;
  void fail_broken();
  void settle(std::uint64_t number, result<frame> outcome);

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> jobs_;
  std::map<node_id, std::unique_ptr<end>> ends_;
  std::set<std::pair<node_id, node_id>> cuts_;
  std::map<std::uint64_t, pending_answer> waiting_;
  std::uint64_t questions_ = 0;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace troupe::test
