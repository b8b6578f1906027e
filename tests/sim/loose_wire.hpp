// What troupe::network promises, kept by a network that loses, doubles, delays and reorders whatever is sent, and by
// connections that are noticed to be gone late, for no reason, or not at all.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "tests/sim/wire.hpp"

namespace troupe::sim {

class loose_wire final : public wire {
 public:
  loose_wire(world& w, node& home) : world_(w), home_(home) {}

  node_id self() const override;
  bool is_connected(node_id peer) const override { return connected_.contains(peer); }
  void post(node_id to, traffic kind, frame message) override;
  void ask(node_id to, traffic kind, frame question, std::chrono::milliseconds deadline,
           answer done) override;
  void on_post(frame_kind kind, std::function<void(node_id from, frame message)> take) override {
    posts_[kind] = std::move(take);
  }
  void on_ask(frame_kind kind,
              std::function<void(node_id from, frame question, reply_to reply)> take) override {
    asks_[kind] = std::move(take);
  }
  void on_peer(std::function<void(node_id peer, peer_event what)> tell) override {
    listeners_.push_back(std::move(tell));
  }

  void send(node_id to, channel by, std::string bytes) override;
  void connect(node_id peer) override;
  void disconnect(node_id peer) override;
  bool is_whole(node_id) const override { return true; }

 private:
  struct asked {
    node_id whom;
    answer done;
  };

  void take_question(node_id from, std::uint64_t number, frame question);
  void settle(std::uint64_t number, result<frame> outcome);

  world& world_;
  node& home_;
  std::set<node_id> connected_;
  std::map<std::uint64_t, asked> open_;  // by a number that no other question of the run has
  std::map<frame_kind, std::function<void(node_id, frame)>> posts_;
  std::map<frame_kind, std::function<void(node_id, frame, reply_to)>> asks_;
  std::vector<std::function<void(node_id, peer_event)>> listeners_;
};

}  // namespace troupe::sim
