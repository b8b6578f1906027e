// The actor that keeps the connection to one peer: finds it, greets it or is greeted, carries the packets of its channel, and
// comes back after a loss.
//
// - Of a pair the node with the higher id dials; the other one only when it has waited for that in vain, because it may be
//   the only one that knows where the other is. When both do, the higher one's attempt wins.
// - Whom it reached is what the certificate says, not what anybody claims.
// - A session ends with its connection: at once when that is closed, within CAF's connection timeout when the peer is frozen.
//
//   reach_atom, listen_address's host and port   where the peer is
//   wake_atom                                    the channel has work
//   arrival_ptr                                  from the desk: the peer says hello, and may come in
//   frame(peer_welcome), frame(peer_packet)      from the peer
//   leave_atom, why                              this node and the peer have nothing to do with each other any more
//   goodbye_atom                                 this node stops: the peer is told, and the link ends
#pragma once

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/atom.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "node/cluster/peer_channel.hpp"
#include "node/cluster/tls_sessions.hpp"
#include "node/listen_address.hpp"

namespace troupe::node {

using reach_atom = caf::atom_constant<caf::atom("reach")>;
using wake_atom = caf::atom_constant<caf::atom("wake")>;
using leave_atom = caf::atom_constant<caf::atom("leave")>;
using goodbye_atom = caf::atom_constant<caf::atom("goodbye")>;

// A node that said hello.
struct arrival {
  peer_hello hello;
  caf::actor from;  // its link
  tls_sessions::endpoint there;
};
using arrival_ptr = std::shared_ptr<const arrival>;

// A hello that the link cannot let in; the desk says so.
struct turned_away {
  arrival_ptr who;
  failure why;
};
using turned_away_ptr = std::shared_ptr<const turned_away>;

// What a link shows of itself. Thread-safe.
class link_view {
 public:
  struct facts {
    std::string address, version;
    std::uint32_t level = 0;
    std::uint64_t incarnation = 0;  // 0: not connected
    std::int64_t since_us = 0;      // of the state it is in
    std::string problem;            // why it is not connected
  };
  facts get() const {
    std::lock_guard lock(mutex_);
    return facts_;
  }
  template <class Change>
  void change(Change how) {
    std::lock_guard lock(mutex_);
    how(facts_);
  }

 private:
  mutable std::mutex mutex_;
  facts facts_;
};

struct link_sources {
  std::shared_ptr<const peer_self> self;
  std::shared_ptr<peer_channel> channel;
  std::shared_ptr<link_view> view;
  caf::actor desk;
  std::shared_ptr<const std::atomic<bool>> shows_invitation;  // if there is one
  std::shared_ptr<storage::rollback_guard> marks;
};

caf::actor spawn_link(caf::actor_system& system, link_sources from);

}  // namespace troupe::node

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::node::arrival_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::node::turned_away_ptr)
