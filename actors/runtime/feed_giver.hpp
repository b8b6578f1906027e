// Gives the feeds of the shards that this node leads to those of other nodes, once for each node and shard. A question is
// answered when there is something to tell, or after a while; what comes between two questions is kept for the next.
// Pure: its host brings time and the shards' feeds; it belongs to the host's thread (feed_server.hpp).
//
// Invariant: what is kept for a node is bounded: beyond the bound it is let go, and the next answer says where the shard
// stands, so that the other node reads what it missed.
#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/runtime/dispatch.hpp"
#include "actors/runtime/feed_position.hpp"

namespace troupe {

class feed_giver_host {
 public:
  virtual ~feed_giver_host() = default;
  virtual std::chrono::steady_clock::time_point now() const = 0;
  // From now on told() gets the shard's feed, its position first; not within this call.
  virtual void follow(shard_id shard) = 0;
  // Then sweep().
  virtual void sweep_after(std::chrono::milliseconds wait) = 0;
};

struct feed_giver_bounds {
  std::size_t answer_bytes_max = 512 * 1024;  // more than one feed of it
  std::size_t feed_bytes_max = 768 * 1024;    // a larger one is read from the shard
  std::size_t kept_bytes_max = limits::feed_bytes_ahead_max / 2;
  std::chrono::milliseconds answer_after{4'000}, forget_after{30'000};
};

class feed_giver {
 public:
  feed_giver(feed_giver_host& host, std::uint16_t shards, gateway_peers cluster,
             feed_giver_bounds bounds = {});

  void asked(node_id from, const feed_question& question, network::reply_to reply);
  // An encoded schema::Feed of a shard of this node.
  void told(std::string_view feed);
  void place_changed(shard_id shard);
  // That node is away.
  void gone(node_id node);
  void sweep();
  void clear() { feeds_.clear(); }

 private:
  using clock = std::chrono::steady_clock;
  using text = std::shared_ptr<const std::string>;

  struct session {
    std::uint64_t number = 0;
    network::reply_to reply;  // to the question that waits, if one does
    clock::time_point asked_at;
    std::deque<text> kept;
    std::size_t bytes = 0;
    bool wants_position = true;
  };
  struct shard_feed {
    std::optional<term> followed;  // the term in which this node leads the shard and follows it
    std::optional<feed_position> at;
    std::map<node_id, session> sessions;
  };

  void keep(session& s, const text& feed) const;
  void answer(shard_id shard, session& s);
  frame answer_with(shard_id shard, std::uint64_t number, std::vector<std::string> feeds) const;
  frame over(shard_id shard, std::uint64_t number) const;

  feed_giver_host& host_;
  const gateway_peers cluster_;
  const feed_giver_bounds bounds_;
  std::vector<shard_feed> feeds_;
  bool sweeping_ = false;
};

}  // namespace troupe
