// Who follows a shard's feed, and how far each is behind: a slow follower misses entries instead of filling its mailbox.
// Part of the shard's actor, which alone calls it.
#pragma once

#include <caf/actor.hpp>
#include <caf/actor_addr.hpp>
#include <caf/event_based_actor.hpp>

#include <map>
#include <string>

#include "protocol/frame.hpp"
#include "protocol/ids.hpp"

namespace troupe::storage {

class shard_feed {
 public:
  struct position {
    log_index applied;
    event_seq last;
  };

  shard_feed(caf::event_based_actor& self, shard_id shard, epoch history)
      : self_(self), shard_(shard), history_(history) {}

  // Is told the position at once, then every entry that has facts.
  void follow(const caf::actor& who, const position& now);
  void leave(const caf::actor_addr& who) { followers_.erase(who); }
  void send_timers_to(caf::actor who) { timers_to_ = std::move(who); }
  // An encoded schema::Feed.
  void publish(const std::string& feed);
  void taken(const caf::actor_addr& who, std::uint64_t bytes, const position& now);
  // The shard opens again and may publish what it had published: nobody hears that. Then its followers are told where it
  // stands, for they may have missed something.
  void hold();
  void tell_all(const position& now);
  void clear();

 private:
  struct follower {
    caf::actor who;
    std::uint64_t ahead_bytes = 0;  // sent, not taken yet
    bool skipping = false;          // too far ahead: misses entries until it has taken all
  };

  void tell(follower& f, const position& now);

  caf::event_based_actor& self_;
  shard_id shard_;
  epoch history_;
  std::map<caf::actor_addr, follower> followers_;
  caf::actor timers_to_;
};

}  // namespace troupe::storage
