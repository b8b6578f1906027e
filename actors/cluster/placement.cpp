#include "placement.hpp"

#include <algorithm>
#include <set>

namespace troupe::cluster {

namespace {

// A move must better the balance by more than this, in replicas of average size.
constexpr double margin = 0.5;

bool contains(const std::vector<node_id>& voters, node_id id) {
  return std::find(voters.begin(), voters.end(), id) != voters.end();
}

std::vector<node_id> without(std::vector<node_id> voters, node_id id) {
  std::erase(voters, id);
  return voters;
}

std::vector<node_id> with(std::vector<node_id> voters, node_id id) {
  voters.push_back(id);
  std::sort(voters.begin(), voters.end());
  return voters;
}

// The cluster, looked at from all sides.
class survey {
 public:
  explicit survey(const known_cluster& now) {
    for (const auto& n : now.nodes) {
      nodes_[n.id] = &n;
      if (n.state == node_state::active) ++active_;
    }
    // Of a shard, not of a replica: a move on its way must not change what things weigh.
    for (const auto& s : now.shards) bytes_mean_ += static_cast<double>(s.bytes);
    bytes_mean_ /= static_cast<double>(std::max<std::size_t>(now.shards.size(), 1));
    for (const auto& s : now.shards)
      for (auto v : s.voters) load_[v] += weight(s);
    wanted_ = replicas_wanted(now.replicas, active_);
  }

  std::uint32_t wanted() const { return wanted_; }
  const known_node* node(node_id id) const {
    auto it = nodes_.find(id);
    return it == nodes_.end() ? nullptr : it->second;
  }
  bool alive(node_id id) const {
    auto* n = node(id);
    return n && n->presence == presence::alive && n->state != node_state::left;
  }
  bool stays(node_id id) const {
    auto* n = node(id);
    return n && n->state == node_state::active;
  }
  std::size_t alive_of(const std::vector<node_id>& voters) const {
    return static_cast<std::size_t>(
        std::count_if(voters.begin(), voters.end(), [&](node_id v) { return alive(v); }));
  }
  bool has_majority(const std::vector<node_id>& voters) const { return alive_of(voters) > voters.size() / 2; }

  // May 'gone' be taken away, without losing what only a majority knows?
  bool spares(const known_shard& s, node_id gone) const {
    auto others = alive_of(without(s.voters, gone));
    if (s.voters.size() == 1) return false;
    if (s.voters.size() == 2) return others == 1 && alive(gone);
    return others > s.voters.size() / 2;
  }

  // How large a share of a node's load a replica is: one for being there, one for what it holds.
  double weight(const known_shard& s) const {
    return 1 + (bytes_mean_ > 0 ? static_cast<double>(s.bytes) / bytes_mean_ : 0);
  }
  double load(node_id id) const {
    auto it = load_.find(id);
    return it == load_.end() ? 0 : it->second;
  }
  // Pairs of voters that share a zone: what spreading makes small. Nodes without a zone are each in their own.
  int crowding(const std::vector<node_id>& voters) const {
    std::map<std::string, int> zones;
    int pairs = 0;
    for (auto v : voters)
      if (auto* n = node(v); n && !n->zone.empty()) pairs += zones[n->zone]++;
    return pairs;
  }
  bool has_room(node_id id) const {
    auto* n = node(id);
    return !n || n->disk == disk_room::enough;
  }
  bool fits(const known_shard& s, node_id id) const {
    return stays(id) && alive(id) && has_room(id) && !contains(s.voters, id);
  }

  // Who should join 'voters': least crowding, then least load, then the lowest id.
  std::optional<node_id> newcomer(const known_shard& s, const std::vector<node_id>& voters) const {
    std::optional<node_id> best;
    auto cost = [&](node_id id) { return std::tuple(crowding(with(voters, id)), load(id), id.value); };
    for (const auto& [id, n] : nodes_)
      if (fits(s, id) && !contains(voters, id) && (!best || cost(id) < cost(*best))) best = id;
    return best;
  }

 private:
  std::map<node_id, const known_node*> nodes_;
  std::map<node_id, double> load_;
  std::size_t active_ = 0;
  std::uint32_t wanted_ = 1;
  double bytes_mean_ = 0;
};

placement_step step_of(const known_shard& s, std::vector<node_id> voters, std::string why) {
  return {s.id, s.generation, std::move(voters), std::move(why)};
}

// A voter on a node that is to be empty goes, and somebody comes for it.
std::optional<placement_step> leave_node(const survey& all, const known_shard& s) {
  for (auto v : s.voters) {
    if (all.stays(v)) continue;
    auto* leaving = all.node(v);
    auto rest = without(s.voters, v);
    auto stays = static_cast<std::size_t>(
        std::count_if(s.voters.begin(), s.voters.end(), [&](node_id id) { return all.stays(id); }));
    if (stays >= all.wanted()) {
      if (all.spares(s, v)) return step_of(s, rest, "node " + hex_of(v) + " is to be empty");
      continue;
    }
    std::optional<node_id> next = all.newcomer(s, rest);
    if (leaving && leaving->successor.value != 0) {
      auto* heir = all.node(leaving->successor);
      // Worth waiting for, unless it is there already or will never come.
      if (heir && heir->state != node_state::left && heir->state != node_state::draining &&
          !contains(s.voters, heir->id))
        next = all.fits(s, heir->id) ? std::optional(heir->id) : std::nullopt;
    }
    if (!next) continue;
    auto why = "node " + hex_of(*next) + " takes over from node " + hex_of(v);
    if (all.spares(s, v)) return step_of(s, with(rest, *next), why);
    // Alone, or with one other: the newcomer comes first.
    if (s.voters.size() <= 2 && all.alive_of(s.voters) == s.voters.size())
      return step_of(s, with(s.voters, *next), why);
  }
  return std::nullopt;
}

// More replicas where there are too few, at once where one more alone would not help.
std::optional<placement_step> grow(const survey& all, const known_shard& s) {
  auto voters = s.voters;
  while (voters.size() < all.wanted()) {
    auto next = all.newcomer(s, voters);
    if (!next) break;
    voters = with(voters, *next);
  }
  if (voters.size() < all.wanted() && voters.size() % 2 == 0 && voters.size() > s.voters.size()) {
    std::optional<node_id> last;
    for (auto v : voters)
      if (!contains(s.voters, v) && (!last || all.load(v) > all.load(*last))) last = v;
    if (last) voters = without(voters, *last);
  }
  if (voters.size() <= s.voters.size()) return std::nullopt;
  return step_of(s, voters, std::to_string(all.wanted()) + " replicas are wanted");
}

std::optional<placement_step> shrink(const survey& all, const known_shard& s) {
  if (s.voters.size() <= all.wanted()) return std::nullopt;
  std::optional<node_id> worst;
  // Who is silent goes first, then who shares a zone, then who has most to carry: that undoes no move of improve().
  auto cost = [&](node_id v) {
    return std::tuple(all.alive(v) ? 1 : 0, all.crowding(without(s.voters, v)), -all.load(v),
                      v == s.leader ? 1 : 0, v.value);
  };
  for (auto v : s.voters)
    if (all.spares(s, v) && (!worst || cost(v) < cost(*worst))) worst = v;
  if (!worst) return std::nullopt;
  return step_of(s, without(s.voters, *worst), std::to_string(all.wanted()) + " replicas are wanted");
}

// One replica to a node where it is better: zones apart, else loads even.
std::optional<placement_step> improve(const known_cluster& now, const survey& all) {
  struct move {
    const known_shard* shard;
    node_id from, to;
    int crowding = 0;
    double gain = 0;
  };
  std::optional<move> best;
  for (const auto& s : now.shards) {
    // Those that are to grow first are not moved around before.
    if (s.now != known_shard::condition::settled || s.voters.size() < all.wanted()) continue;
    if (s.leader.value == 0 || all.alive_of(s.voters) != s.voters.size()) continue;
    auto before = all.crowding(s.voters);
    for (auto v : s.voters) {
      if (s.voters.size() > 1 && !all.spares(s, v)) continue;
      for (const auto& n : now.nodes) {
        if (!all.fits(s, n.id)) continue;
        auto after = all.crowding(with(without(s.voters, v), n.id));
        auto gain = all.load(v) - all.load(n.id) - all.weight(s);
        if (after > before || (after == before && gain <= margin)) continue;
        move m{&s, v, n.id, after - before, gain};
        if (!best || std::tuple(m.crowding, -m.gain) < std::tuple(best->crowding, -best->gain)) best = m;
      }
    }
  }
  if (!best) return std::nullopt;
  const auto& s = *best->shard;
  auto voters = with(s.voters, best->to);
  // A lone voter is never exchanged in one step; the step after this takes it away.
  if (s.voters.size() > 1) voters = without(voters, best->from);
  return step_of(s, voters, best->crowding < 0 ? "zones are to be apart" : "loads are to be even");
}

bool may_change(const survey& all, const known_shard& s) {
  return s.now == known_shard::condition::settled && s.leader.value != 0 && all.has_majority(s.voters);
}

}  // namespace

std::uint32_t replicas_wanted(std::uint32_t setting, std::size_t active_nodes) {
  auto nodes = static_cast<std::uint32_t>(std::max<std::size_t>(active_nodes, 1));
  if (setting == 0) return nodes >= 3 ? 3 : 1;
  if (setting <= nodes) return setting;
  return nodes % 2 == 1 ? nodes : nodes - 1;
}

std::optional<placement_step> next_placement(const known_cluster& now) {
  survey all(now);
  for (auto* kind : {&leave_node, &grow, &shrink})
    for (const auto& s : now.shards)
      if (may_change(all, s))
        if (auto step = (*kind)(all, s)) return step;
  // Two nodes with one replica of each shard gain nothing by sharing them out; the third node changes all anyway.
  bool lone = now.replicas == 0 && all.wanted() == 1;
  if (lone || now.moving == rebalancing::paused) return std::nullopt;
  return improve(now, all);
}

std::optional<transfer_step> next_transfer(const known_cluster& now) {
  survey all(now);
  std::map<node_id, int> leads;
  for (const auto& s : now.shards)
    if (s.leader.value != 0) ++leads[s.leader];
  std::optional<transfer_step> best;
  int best_gain = 0;
  for (const auto& s : now.shards) {
    if (!may_change(all, s) || !contains(s.voters, s.leader)) continue;
    bool leaving = !all.stays(s.leader) || !all.has_room(s.leader);
    if (!leaving && now.moving == rebalancing::paused) continue;
    for (auto v : s.voters) {
      if (v == s.leader || !all.stays(v) || !all.alive(v) || !all.has_room(v)) continue;
      int gain = leads[s.leader] - leads[v] - 1 + (leaving ? 1'000'000 : 0);
      if (gain > best_gain) {
        best_gain = gain;
        best = {s.id, s.leader, v, leaving ? transfer_step::reason::leaves : transfer_step::reason::evens};
      }
    }
  }
  return best;
}

}  // namespace troupe::cluster
