// Nodes of one process that have nothing but their network: certificates of one CA, an actor system each, and a
// peer_network on a free loopback port.
#pragma once

#include <caf/actor_system.hpp>

#include <map>
#include <memory>

#include "node/actor_system.hpp"
#include "node/cluster/peer_network.hpp"
#include "node/pki.hpp"
#include "tests/support/temporary_folder.hpp"

namespace troupe::test {

class peer_cluster {
 public:
  ~peer_cluster();

  // A node that is not started yet: set its handlers. A stopped one may be added again.
  node::peer_network& add(std::uint64_t id, node::admission admit = {}, const node::peer_self& more = {});
  // Starts one, or all, and tells all of them of each other.
  void start(std::uint64_t id);
  void start();
  void stop(std::uint64_t id);
  void introduce();

  network& operator[](std::uint64_t id) { return *nodes_.at(id).net; }
  node::peer_network& net(std::uint64_t id) { return *nodes_.at(id).net; }
  node::listen_address address(std::uint64_t id) const { return nodes_.at(id).address; }
  bool all_connected();
  // Makes the certificates of a node.
  node::pki_files pki(std::uint64_t id);

  static constexpr const char* name = "the-cluster";

 private:
  struct one {
    std::unique_ptr<node::actor_config> config;
    std::unique_ptr<caf::actor_system> system;
    std::unique_ptr<node::peer_network> net;
    node::listen_address address{"127.0.0.1", 0};
    bool running = false;
  };

  temporary_folder folder_;
  std::map<std::uint64_t, one> nodes_;
};

}  // namespace troupe::test
