// Which nodes this one can speak to, and how much of it is on its way to each of them. Thread-safe.
//
// Its owner brings the time.
//
// Invariant: of one peer at most so many requests, and bytes of them, wait for an answer: beyond that they are refused
// here, not queued.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <set>
#include <vector>

#include "protocol/network.hpp"

namespace troupe {

class peer_links {
 public:
  using clock = std::chrono::steady_clock;

  peer_links(node_id self, std::size_t requests_max, std::size_t bytes_max, clock::time_point now)
      : self_(self), requests_max_(requests_max), bytes_max_(bytes_max), changed_(now) {}

  node_id self() const { return self_; }
  void changed(node_id peer, peer_event what, clock::time_point now);
  bool is_connected(node_id peer) const;
  std::vector<node_id> connected() const;
  // How long nothing has connected or gone. Those who lost each other a moment ago may find each other again.
  std::chrono::milliseconds quiet_for(clock::time_point now) const;

  // Room for one more request; give_back() once it is answered.
  bool take(node_id peer, std::size_t bytes);
  void give_back(node_id peer, std::size_t bytes);

 private:
  struct share {
    std::size_t requests = 0, bytes = 0;
  };

  const node_id self_;
  const std::size_t requests_max_, bytes_max_;
  mutable std::mutex mutex_;
  std::set<node_id> connected_;
  std::map<node_id, share> shares_;
  clock::time_point changed_;
};

}  // namespace troupe
