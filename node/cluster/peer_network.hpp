// The network between the nodes of a cluster, over CAF's BASP and mutual TLS: listens, knows the peers, and has one link for
// each (link.hpp).
//
// - In comes only who has a node certificate of the cluster's CA, says the id that is in it, means this node and this cluster,
//   speaks a version that is known here, and is let in by 'admit'. Everybody else is refused in words, on both sides.
// - Whose data directory was put back takes part in nothing: storage/rollback_guard.hpp.
// - Handlers are set before start(). stop() ends all sessions and returns when no handler runs any more.
// - Needs node/tls_guard.cpp in the executable: without it nobody is let in, because no certificate is seen.
// Thread-safe but for start() and stop(), which belong to the thread that owns it.
#pragma once

#include <caf/actor_system.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "node/cluster/peer_channel.hpp"
#include "node/listen_address.hpp"
#include "protocol/network.hpp"

namespace troupe::node {

struct peer_address {
  node_id node;
  listen_address where;

  bool operator==(const peer_address&) const = default;
};

// Who wants in. 'from.secret' is empty: only its hash is told.
struct peer_hello_facts {
  peer_self from;
  std::string secret_hash;  // invitation_hash() of the secret shown, empty: none
  std::string remote;       // where it came from, host:port
};

// Called on an actor's thread; 'decide' once, from any thread: true, or a refusal in words.
using admission = std::function<void(const peer_hello_facts&, std::function<void(result<bool>)> decide)>;

struct peer_network_config {
  peer_self self;  // its incarnation is drawn when the network is made
  listen_address listen;
  admission admit;                                 // empty: the nodes of set_peers()
  std::shared_ptr<storage::rollback_guard> marks;  // null: nobody looks whether a data directory was put back
};

struct peer_status {
  node_id node;
  bool connected = false;
  std::string address, version;
  std::uint32_t level = 0;
  std::uint64_t incarnation = 0;
  std::int64_t since_us = 0;  // connected or not since then; 0: not since this node started
  std::string problem;        // why it is not connected
  std::size_t waiting_bytes = 0;
  peer_counters counters;
};

class peer_network final : public network {
 public:
  peer_network(caf::actor_system& system, peer_network_config c);
  ~peer_network() override;
  peer_network(const peer_network&) = delete;

  // Listens; the answer has the port that was picked. Failures name the setting.
  result<listen_address> start();
  void stop();
  // Whom to reach, all of them; this node itself is left out. A node that is no longer named is dropped, one that came by
  // itself and was never named stays. Before start(): whom to reach from then on.
  void set_peers(const std::vector<peer_address>& peers);
  // Speaks with nobody any more, for ever: this node's data directory was put back. 'why' is what the others are told.
  void cut_off(const std::string& why);
  // The node has been let in: it is known now, and an invitation is good for one time only.
  void forget_invitation();
  std::vector<peer_status> status() const;

  node_id self() const override;
  bool is_connected(node_id peer) const override;
  void post(node_id to, traffic kind, frame message) override;
  void ask(node_id to, traffic kind, frame question, std::chrono::milliseconds deadline,
           answer done) override;
  void on_post(frame_kind kind, std::function<void(node_id, frame)> take) override;
  void on_ask(frame_kind kind, std::function<void(node_id, frame, reply_to)> take) override;
  void on_peer(std::function<void(node_id, peer_event)> tell) override;

 private:
  class inside;
  std::shared_ptr<inside> in_;
};

// BLAKE2b-256 of an invitation's secret: what the cluster keeps of it.
std::string invitation_hash(std::string_view secret);

}  // namespace troupe::node
