#include "actors/runtime/shard_directory.hpp"

#include <tuple>
#include <utility>

namespace troupe {

std::optional<term> led_by(const shard_place& place, node_id who) {
  return place.leader == who && who.value != 0 ? std::optional(place.term) : std::nullopt;
}

shard_place shard_directory::of(shard_id shard) const {
  std::lock_guard lock(mutex_);
  return shard.value < places_.size() ? places_[shard.value] : shard_place{};
}

// 'how' says whether it changed anything.
template <class Change>
void shard_directory::change(shard_id shard, Change&& how) {
  shard_place now;
  std::shared_ptr<const listeners> told;
  {
    std::lock_guard lock(mutex_);
    if (shard.value >= places_.size() || !how(places_[shard.value])) return;
    now = places_[shard.value];
    told = tell_;
  }
  for (auto& tell : *told) tell(shard, now);
}

void shard_directory::on_change(std::function<void(shard_id, const shard_place&)> tell) {
  std::lock_guard lock(mutex_);
  auto more = std::make_shared<listeners>(*tell_);
  more->push_back(std::move(tell));
  tell_ = std::move(more);
}

void shard_directory::learn_voters(shard_id shard, generation in, const std::vector<node_id>& voters) {
  change(shard, [&](shard_place& p) {
    if (in < p.generation || (in == p.generation && !p.voters.empty())) return false;
    // A later generation has a leader of its own.
    if (in > p.generation) p = {in, voters, {}, {}};
    p.voters = voters;
    return true;
  });
}

void shard_directory::learn_leader(shard_id shard, generation in, term at, node_id leader) {
  change(shard, [&](shard_place& p) {
    if (std::tie(in, at) < std::tie(p.generation, p.term)) return false;
    if (leader.value == 0 && in == p.generation) {
      // Nobody may ever lead in that term, which may not even be durable: what counts stays the term of a leader.
      // In one term there is one leader: who does not know it says nothing new, unless it was that leader.
      bool is_over = p.leader.value != 0 && (at > p.term || p.leader == self_);
      if (is_over) p.leader = {};
      return is_over;
    }
    if (in == p.generation && at == p.term && leader == p.leader) return false;
    if (in > p.generation) p.voters.clear();
    p.generation = in;
    p.term = leader.value == 0 ? term() : at;
    p.leader = leader;
    return true;
  });
}

void shard_directory::know_self(node_id self) {
  std::lock_guard lock(mutex_);
  self_ = self;
}

void shard_directory::hear(shard_id shard, const shard_place& place) {
  if (!place.voters.empty()) learn_voters(shard, place.generation, place.voters);
  change(shard, [&](shard_place& p) {
    // Whether this node leads its replica says, which may not have come to it yet.
    auto leader = place.leader == self_ ? node_id() : place.leader;
    auto heard = std::pair(place.generation, place.term), known = std::pair(p.generation, p.term);
    if (heard < known || (heard == known && p.leader.value != 0)) return false;
    if (leader.value == 0 && place.generation == p.generation) return false;
    if (place.generation > p.generation) p.voters.clear();
    p.generation = place.generation;
    p.term = leader.value == 0 ? term() : place.term;
    p.leader = leader;
    return true;
  });
}

void shard_directory::suspect(node_id leader) {
  for (std::uint16_t s = 0; s < places_.size(); ++s)
    change(shard_id(s), [&](shard_place& p) {
      if (leader.value == 0 || p.leader != leader) return false;
      p.leader = {};
      return true;
    });
}

}  // namespace troupe
