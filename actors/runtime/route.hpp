// Where a request to a shard goes next, by what this node knows. Pure.
//
// A node that reaches fewer than a majority of a shard's voters refuses at once what needs one: nobody here can serve it.
// While a majority is reached and only the leader is not known, requests wait: an election is under way.
#pragma once

#include <vector>

#include "actors/runtime/route_message.hpp"

namespace troupe {

struct route_facts {
  node_id self;
  shard_place place;
  std::vector<node_id> connected;
  bool is_settled = true;  // nobody came or went just now
};

struct route {
  enum class to : std::uint8_t {
    here,
    node,   // 'who'; 'relays' 1: it is to pass it on to the leader, which this node does not reach
    wait,   // until more is known
    refuse  // with 'why'
  };
  to where = to::wait;
  node_id who = {};
  std::uint8_t relays = 0;
  failure why = {};
};

// 'turn' chooses among nodes that are equally good. 'relays': how often it may be passed on.
route choose_route(const route_facts& known, shard_id shard, request_kind kind, std::uint8_t relays,
                   std::size_t turn);

// As far as this node can see.
bool reaches_majority(const route_facts& known);

}  // namespace troupe
