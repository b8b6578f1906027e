#include "actors/runtime/route.hpp"

#include <algorithm>

namespace troupe {

namespace {

bool holds(const std::vector<node_id>& some, node_id one) {
  return std::find(some.begin(), some.end(), one) != some.end();
}

std::vector<node_id> reached_voters(const route_facts& known) {
  std::vector<node_id> out;
  for (auto v : known.place.voters)
    if (v != known.self && holds(known.connected, v)) out.push_back(v);
  return out;
}

std::size_t count_reached(const route_facts& known) {
  return reached_voters(known).size() + (holds(known.place.voters, known.self) ? 1 : 0);
}

route no_majority(const route_facts& known, shard_id shard) {
  auto name = "shard " + std::to_string(shard.value);
  std::string why = known.place.voters.empty()
                        ? "This node knows nobody who has " + name + ": it reaches no other node"
                        : "This node reaches " + std::to_string(count_reached(known)) + " of the " +
                              std::to_string(known.place.voters.size()) + " replicas of " + name +
                              ", which is no majority";
  return {.where = route::to::refuse,
          .why = {errc::unavailable,
                  why + ". Nothing was done: send it again when nodes are back, or to another node",
                  std::chrono::milliseconds(1000)}};
}

// Any replica will do.
route nearest(const route_facts& known, std::size_t turn) {
  if (holds(known.place.voters, known.self)) return {.where = route::to::here};
  if (holds(known.connected, known.place.leader))
    return {.where = route::to::node, .who = known.place.leader};
  auto reached = reached_voters(known);
  if (!reached.empty()) return {.where = route::to::node, .who = reached[turn % reached.size()]};
  return {};
}

}  // namespace

bool reaches_majority(const route_facts& known) {
  return count_reached(known) >= known.place.voters.size() / 2 + 1;
}

route choose_route(const route_facts& known, shard_id shard, request_kind kind, std::uint8_t relays,
                   std::size_t turn) {
  const auto& place = known.place;
  bool alone = place.voters.size() == 1 && place.voters.front() == known.self;
  if (alone) return {.where = route::to::here};
  if (kind == request_kind::peek)
    if (auto near = nearest(known, turn); near.where != route::to::wait) return near;
  bool lost = known.is_settled && (place.voters.empty() ? known.connected.empty() : !reaches_majority(known));
  if (place.leader == known.self && known.self.value != 0)
    return lost && !place.voters.empty() ? no_majority(known, shard) : route{.where = route::to::here};
  if (relays > 0 || kind == request_kind::peek) {
    // Passed on at most once: by a voter that reaches the leader, which this node does not.
    if (holds(known.connected, place.leader)) return {.where = route::to::node, .who = place.leader};
    auto reached = reached_voters(known);
    if (relays > 1 && place.leader.value != 0 && !reached.empty())
      return {.where = route::to::node, .who = reached[turn % reached.size()], .relays = 1};
  }
  if (lost) return no_majority(known, shard);
  if (place.voters.empty() && known.connected.empty()) return {.where = route::to::here};
  return {};
}

}  // namespace troupe
