// The feed of a shard that another node leads, as its own actor would send it: the position first, then every fact, and a
// position again after anything that may have been missed. Asks the leader's node for what follows, one question at a time
// (see feed_giver.hpp), and so hears first where the leader is when it moves.
// Pure: its host brings time and answers; it belongs to the host's thread (remote_feed.hpp).
//
// Invariant: what its followers have not taken is bounded: it asks for no more meanwhile, and the leader's node lets go.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <random>
#include <string_view>

#include "actors/runtime/dispatch.hpp"
#include "actors/runtime/feed_position.hpp"

namespace troupe {

class feed_taker_host {
 public:
  virtual ~feed_taker_host() = default;
  // An encoded schema::Feed, to all who follow.
  virtual void pass(std::string_view feed) = 0;
  // Those who follow have enough for now; then go_on().
  virtual bool is_crowded() const = 0;
  // Takes a peer's answer on any thread, and brings it to answered() if the host still lives.
  virtual std::function<void(result<frame>)> mailbox(std::uint64_t session) = 0;
  // Then wake().
  virtual void wake_after(std::chrono::milliseconds wait) = 0;
};

class feed_taker {
 public:
  // A question is held longer by a leader that has nothing to tell: see feed_giver_bounds.
  static constexpr auto question_deadline_default = std::chrono::milliseconds(10'000);

  feed_taker(feed_taker_host& host, shard_id shard, gateway_peers cluster, std::uint64_t seed,
             std::chrono::milliseconds question_deadline = question_deadline_default);

  // What is known of the shard's place has changed.
  void place_changed();
  void go_on() { ask(); }
  void wake();
  void answered(std::uint64_t session, const result<frame>& got);
  // Where what was passed ends; nothing while it is not known.
  std::optional<feed_position> position() const { return is_leading_ ? std::optional(at_) : std::nullopt; }

 private:
  void begin();
  node_id whom(const shard_place& place);
  void ask();
  void pause();

  feed_taker_host& host_;
  const shard_id shard_;
  const gateway_peers cluster_;
  const std::chrono::milliseconds question_deadline_;
  std::mt19937_64 random_;
  std::uint64_t session_;
  bool rests_ = false, is_asking_ = false, is_waking_ = false;
  bool is_leading_ = false;  // whoever is asked leads, and its position is known
  feed_position at_;
  node_id asked_;
  term asked_term_;
  std::size_t turns_ = 0;
  std::chrono::milliseconds pause_{0};
};

}  // namespace troupe
