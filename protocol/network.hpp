// How a node speaks to the others of its cluster: messages that may be lost, and questions with one answer each.
// An interface, so that storage and runtime need not know what carries it: CAF over mutual TLS in the node
// (node/cluster/), memory in tests (tests/support/memory_network.hpp). Thread-safe, never blocks.
//
// Invariants:
// - every peer has bounded room for each kind of traffic; consensus never waits behind commands, nor these behind bulk;
// - handlers run on a thread of the network's, one at a time for each peer, and neither block nor throw;
// - what one node posts to another in one kind of traffic arrives in order, or not at all.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

#include "protocol/frame.hpp"
#include "protocol/ids.hpp"
#include "protocol/result.hpp"

namespace troupe {

enum class traffic : std::uint8_t { consensus, command, bulk };
inline constexpr std::size_t traffic_kinds = 3;

enum class peer_event : std::uint8_t { connected, disconnected };

class network {
 public:
  virtual ~network() = default;

  // The peer's answer, whatever it says. A failure is of the way: unavailable (not sent, or there was no room, or the
  // connection went before the answer came: it may have arrived), timed_out.
  using answer = std::function<void(result<frame>)>;
  // Called once, from any thread, at once or later.
  using reply_to = std::function<void(frame)>;

  virtual node_id self() const = 0;
  virtual bool is_connected(node_id peer) const = 0;

  // Dropped when the peer is away or has no room.
  virtual void post(node_id to, traffic kind, frame message) = 0;
  // 'done' is called once, after this has returned, also when 'to' is this node or unknown.
  virtual void ask(node_id to, traffic kind, frame question, std::chrono::milliseconds deadline,
                   answer done) = 0;

  // Who takes frames of a kind. Before the network starts; a kind that nobody takes is dropped, a question in it refused.
  virtual void on_post(frame_kind kind, std::function<void(node_id from, frame message)> take) = 0;
  virtual void on_ask(frame_kind kind,
                      std::function<void(node_id from, frame question, reply_to reply)> take) = 0;
  // All who listen are told of every change, in order for each peer.
  virtual void on_peer(std::function<void(node_id peer, peer_event what)> tell) = 0;
};

}  // namespace troupe
