// What goes between two links, to and from bytes: see protocol/schema/peer.capnp. What cannot be read is a failure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "node/cluster/outbox.hpp"
#include "storage/rollback_guard.hpp"

namespace troupe::node {

inline constexpr std::uint16_t wire_version = 1;

struct peer_packet {
  std::uint64_t session = 0, number = 0;
  std::vector<peer_frame> frames;
  room taken{};
  std::uint64_t arrived = 0;
};

// Who says hello, or welcome.
struct peer_self {
  node_id node;
  std::string cluster;
  std::string version;
  std::uint32_t level = 0;
  std::string name, zone, address, client_address;
  std::string invitation, secret;  // to join with; empty: known already
  std::uint64_t incarnation = 0;
};

// 'seen': the last mark of the other node's data directory that the one who speaks knows.
struct peer_hello {
  std::uint16_t wire_min = wire_version, wire_max = wire_version;
  node_id to;
  peer_self from;
  storage::rollback_mark mark, seen;
};

struct peer_welcome {
  errc refused = errc::none;
  std::string detail;
  storage::rollback_mark seen;
  // When accepted:
  std::uint16_t wire = wire_version;
  node_id node;
  std::uint64_t incarnation = 0, session = 0;
  std::string version;
  std::uint32_t level = 0;
  storage::rollback_mark mark;
};

frame to_frame(const peer_packet& p);
frame to_frame(const peer_hello& h);
frame to_frame(const peer_welcome& w);

result<peer_packet> read_packet(const frame& f);
result<peer_hello> read_hello(const frame& f);
result<peer_welcome> read_welcome(const frame& f);

// What a sealed frame says it is, without checking it.
frame_kind kind_said(std::string_view bytes);

}  // namespace troupe::node
