// A subscriber on a node, as the edge's hub is one: takes the shard's feed, drops what it has had by its numbers, and reads
// from the shard what it missed. What it shows is the feed's events in order, once each.
//
// Checked here: the feed names each gap by a position before what comes after it; no event is shown twice, left out, or
// another one than everybody else is shown at that number.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/ids.hpp"
#include "protocol/result.hpp"
#include "protocol/schema/query.capnp.h"
#include "protocol/uuid.hpp"
#include "tests/sim/world.hpp"

namespace troupe::sim {

class follower {
 public:
  using answered = std::function<void(const result<std::string>&)>;
  // Asks the shard for an encoded schema::Query, and answers while the node runs.
  using asker = std::function<void(std::string query, answered done)>;
  using timer = std::function<void(std::uint64_t ms, std::function<void()> action)>;

  follower(world& w, asker read, timer after) : world_(w), read_(std::move(read)), after_(std::move(after)) {}

  // An encoded schema::Feed.
  void take(std::string_view feed);
  // Everything up to there has been shown, as far as it came after the beginning.
  bool has_reached(event_seq last) const { return at_ && *at_ == last.value && !reading_gap_; }

 private:
  void check_named(std::string_view feed);
  void show_feed(std::string_view feed);
  void show(std::uint64_t seq, const uuid& id);
  void read_gap(std::uint64_t upto);
  void gap_answered(std::uint64_t upto, const result<std::string>& answer);
  void take_page(schema::QueryResult::Reader page);

  world& world_;
  asker read_;
  timer after_;
  std::optional<std::uint64_t> told_;  // what the feed's last word reached
  std::optional<std::uint64_t> at_;    // shown; nothing before the first position
  bool reading_gap_ = false;
  std::deque<std::string> held_;  // what came while a gap is read
};

}  // namespace troupe::sim
