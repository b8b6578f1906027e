// The transport of nodes without what carries it: peer channels (node/cluster/peer_channel.hpp) over connections that come late
// and stall, and that each end finds gone at another time. A packet comes once and in order, or its connection ends.
//
// Checked here: a channel takes every packet of its session; what is refused for room finds room again (else a run gets stuck).
#pragma once

#include <deque>
#include <map>
#include <memory>

#include "node/cluster/peer_channel.hpp"
#include "tests/sim/wire.hpp"

namespace troupe::sim {

class channel_wire final : public wire {
 public:
  channel_wire(world& w, node& home);
  ~channel_wire() override;

  node_id self() const override;
  bool is_connected(node_id peer) const override { return session_with(peer) != 0; }
  void post(node_id to, traffic kind, frame message) override;
  void ask(node_id to, traffic kind, frame question, std::chrono::milliseconds deadline,
           answer done) override;
  void on_post(frame_kind kind, std::function<void(node_id from, frame message)> take) override;
  void on_ask(frame_kind kind,
              std::function<void(node_id from, frame question, reply_to reply)> take) override;
  void on_peer(std::function<void(node_id peer, peer_event what)> tell) override;

  void send(node_id to, channel by, std::string bytes) override;
  // The node with the higher id dials.
  void connect(node_id peer) override;
  void disconnect(node_id peer) override;
  bool is_whole(node_id peer) const override;

 private:
  // One direction of a connection.
  class stream;
  struct end {
    std::shared_ptr<troupe::node::peer_channel> channel;
    std::shared_ptr<stream> out;
    std::uint64_t session = 0, dialling = 0, heard = 0;  // heard: in the last hello
    std::uint64_t dial_at_ms = 0, settle_at_ms = 0;
  };

  end& with(node_id peer);
  std::uint64_t session_with(node_id peer) const;
  void take_hello(node_id from, std::uint64_t session);
  void take_welcome(node_id from, std::uint64_t session);
  void take_packet(node_id from, const frame& packet);
  void open(node_id peer, std::uint64_t session);
  void begin(node_id peer, std::uint64_t session);
  void hang_up(node_id peer);
  void work(node_id peer);

  world& world_;
  node& home_;
  std::shared_ptr<troupe::node::peer_handlers> handlers_;
  std::map<node_id, end> ends_;
};

}  // namespace troupe::sim
