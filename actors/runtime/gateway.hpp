// The way of a request from an edge, or from another node, to the shard or entity that answers it: on this node through
// the router, or by a question to the node that leads the shard. Asks again, within the deadline, when a leader is lost.
//
// Invariants:
// - a call is answered once, at its deadline at the latest;
// - a command of which it is not known whether it took effect is sent again only under an identity: see identity.hpp;
// - while the leader of a shard is not known, its calls wait here, and one of them at a time tries;
// - what a peer is asked is bounded (peer_links); what comes from a peer is served here, or passed on once.
#pragma once

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/atom.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

#include "actors/runtime/client.hpp"
#include "actors/runtime/peer_links.hpp"
#include "actors/runtime/route.hpp"
#include "actors/runtime/router.hpp"

namespace troupe {

// From a thread of the edge or of the network to a gateway; never leaves the process.
struct shard_call {
  shard_id shard;
  request_kind kind = request_kind::command;
  bool for_shard = false;  // a command that need not pass the router
  frame request;
  std::chrono::milliseconds wait;
  client::answer done;
  // Of a question from another node: gets the answer as it is, and 'done' is empty.
  std::function<void(frame)> served;
  bool again = false;
  std::uint8_t relays = 2;

  // The gateway's own.
  std::chrono::steady_clock::time_point deadline = {};
  std::uint32_t tries = 0;
  bool is_trying = false;
  bool is_unknown = false;    // an earlier try may have taken effect
  bool is_elsewhere = false;  // this node's replica cannot show its state
  bool has_identity = false;
  failure last = {};
};
using call_ptr = std::shared_ptr<shard_call>;

// What a cluster adds; null members when the node is alone.
struct gateway_peers {
  network* peers = nullptr;
  shard_directory* directory = nullptr;
  std::shared_ptr<peer_links> links;
};

// Takes call_ptr and (place_atom, std::uint16_t shard).
caf::actor spawn_gateway(caf::actor_system& system, caf::actor router, std::vector<caf::actor> shards,
                         gateway_peers cluster);

}  // namespace troupe

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::call_ptr)
