// The feed's way on a node, as actors/runtime starts it, without actors: a giver for other nodes, a taker from them, and a
// follower that turns from one source to the other as the shard's leader moves. A shard's own feed reaches those who follow
// it here in order, later, and now and then with a piece that is let go and named (storage/shard_feed.hpp).
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "actors/runtime/feed_entrance.hpp"
#include "actors/runtime/feed_giver.hpp"
#include "actors/runtime/feed_taker.hpp"
#include "tests/sim/follower.hpp"
#include "tests/sim/world.hpp"

namespace troupe::sim {

class node;

class feeds final : private feed_giver_host, private feed_taker_host {
 public:
  feeds(world& w, node& home, gateway_peers cluster, follower::asker read);

  // What the shard here published; and that it opens again, as shard_feed.hpp says.
  void published(std::string feed);
  void hold();
  void opened_again();
  void asked(node_id from, const feed_question& question, network::reply_to reply) {
    giver_.asked(from, question, std::move(reply));
  }
  void place_changed();
  void gone(node_id peer) { giver_.gone(peer); }
  bool has_reached(event_seq last) const { return follower_.has_reached(last); }

 private:
  enum class source : std::uint8_t { here, elsewhere };
  // Who follows the shard here: the giver, or the follower.
  struct listener {
    std::function<void(const std::string&)> take;
    bool follows = false, skips = false;
  };

  std::chrono::steady_clock::time_point now() const override;
  void follow(shard_id shard) override;
  void sweep_after(std::chrono::milliseconds wait) override;
  void pass(std::string_view feed) override;
  bool is_crowded() const override { return is_crowded_; }
  std::function<void(result<frame>)> mailbox(std::uint64_t session) override;
  void wake_after(std::chrono::milliseconds wait) override;

  void begin_following(listener& who);
  void tell_position(listener& who);
  void hand(listener& who, std::string feed);
  void turn();
  void hear(source from, std::string_view feed);
  void soon(std::uint64_t ms, std::function<void()> action);

  world& world_;
  node& home_;
  const gateway_peers cluster_;
  feed_giver giver_;
  feed_taker taker_;
  feed_entrance<source> entrance_;
  follower follower_;
  listener to_giver_, to_follower_;
  std::optional<term> led_;
  bool is_crowded_ = false;
};

}  // namespace troupe::sim
