// How the node is: what probes, metrics and `troupectl status` say. Looks at the shards and the disk once a second on a
// thread of its own, so that nobody who asks waits. Thread-safe.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "actors/runtime/client.hpp"

namespace troupe::node {

struct shard_figures {
  std::uint16_t shard = 0;
  std::string role, fault;
  std::uint64_t leader = 0, term = 0, commit = 0, applied = 0, first = 0, last = 0, events = 0;

  // A node holds no replica of a shard that others have, or not yet.
  bool votes() const { return role == "leader" || role == "follower" || role == "candidate"; }
};

class health {
 public:
  struct sources {
    client* actors = nullptr;
    std::function<bool()> disk_is_low;
    std::function<void()> housekeeping;         // called now and then on the same thread: must not throw
    std::function<bool()> map_is_known = {};    // in a cluster
    std::function<std::string()> verdict = {};  // why it takes part in nothing; empty: it does
  };

  explicit health(sources from);
  ~health();
  health(const health&) = delete;
  health& operator=(const health&) = delete;

  // Clients can connect. 'serves': the edge knows the keys and where the live feed stands; called until the end.
  void set_listening(std::function<bool()> serves) {
    serves_ = std::move(serves);
    listening_ = true;
  }
  void set_stopping() { stopping_ = true; }

  // Why no traffic should come; empty: ready.
  std::vector<std::string> not_ready() const;
  // That, and what else is wrong.
  std::vector<std::string> problems() const;
  std::vector<shard_figures> shards() const;
  // Did this node lead the shard when it was last looked at?
  bool leads(std::uint16_t shard) const;
  std::uint64_t events_stored() const;

 private:
  // Shared with answers that may come after the end.
  struct seen {
    mutable std::mutex mutex;
    std::vector<shard_figures> shards;
    bool answered = false;
    bool asking = false;
  };

  void look();
  void run();

  sources from_;
  std::shared_ptr<seen> seen_ = std::make_shared<seen>();
  std::function<bool()> serves_;  // set before listening_
  std::atomic<bool> listening_{false}, stopping_{false}, disk_low_{false};
  std::mutex mutex_;
  std::condition_variable wake_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace troupe::node
