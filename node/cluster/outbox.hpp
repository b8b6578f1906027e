// What waits to be sent to a peer, and how much room the peer has for it. Pure: the link asks it for packets.
//
// Invariants:
// - of each kind of traffic at most its window is on the way or with the peer's handlers; the peer gives room back when a
//   handler has taken a post, or answered a question. Answers have windows of their own: they never wait for questions;
// - consensus and commands beyond their window are refused at once, bulk waits in a bounded queue, answers in another;
// - at most transit_max bytes that are not consensus are between here and the peer's link: consensus never waits longer
//   than these take;
// - a packet takes what waits, consensus first, up to packet_bytes_max, and at least one frame.
// Not thread-safe: its owner locks.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "protocol/network.hpp"

namespace troupe::node {

enum class frame_role : std::uint8_t { post, question, answer };

struct peer_frame {
  frame_role role = frame_role::post;
  traffic kind = traffic::consensus;
  std::uint64_t number = 0;  // of the question
  std::string bytes;         // empty in an answer: there is none
};

// Window of a frame: of its kind, and answers apart.
inline constexpr std::size_t window_count = 2 * traffic_kinds;
constexpr std::size_t window_of(traffic kind, frame_role role) {
  return 2 * static_cast<std::size_t>(kind) + (role == frame_role::answer ? 1 : 0);
}

inline constexpr std::size_t packet_bytes_max = 512 * 1024;
// Counted with each frame, so that tiny ones are bounded too.
inline constexpr std::size_t frame_overhead = 64;

// The same on all nodes.
struct outbox_limits {
  std::array<std::size_t, traffic_kinds> window_bytes{16 << 20, 8 << 20, 4 << 20};
  std::size_t transit_max = 2 << 20;
  std::size_t bulk_waiting_max = 4 << 20;
  std::size_t answers_waiting_max = 32 << 20;
};

constexpr std::size_t charge_of(std::size_t bytes) { return bytes + frame_overhead; }

using room = std::array<std::uint64_t, window_count>;

class outbox {
 public:
  explicit outbox(const outbox_limits& limits = {}) : limits_(limits) {}
  const outbox_limits& limits() const { return limits_; }

  // Forgets everything: a new session, or none.
  void reset();

  enum class outcome : std::uint8_t { queued, no_room };
  outcome put(peer_frame f);

  // The frames of the next packet; none when nothing waits or may go.
  std::vector<peer_frame> next_packet();

  // The peer gave room back.
  void taken(const room& bytes);
  void arrived(std::uint64_t bytes);

  std::size_t waiting_bytes() const;
  std::size_t away_bytes() const;

 private:
  struct lane {
    std::deque<peer_frame> waiting;
    std::size_t waiting_bytes = 0;  // charges
    std::size_t away = 0;           // charges of what was sent and not given back
  };

  bool may_go(std::size_t window) const;
  std::size_t size_of(std::size_t window) const { return limits_.window_bytes[window / 2]; }

  outbox_limits limits_;
  std::array<lane, window_count> lanes_;
  std::size_t in_transit_ = 0;
};

}  // namespace troupe::node
