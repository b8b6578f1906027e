// What is wrong with the cluster, and what to do: see membership_view.hpp.
#include <algorithm>
#include <set>

#include "node/membership_view.hpp"

namespace troupe::node {

using cluster::cluster_node;
using cluster::node_state;

namespace {

constexpr std::int64_t second_us = 1'000'000, day_us = 86'400 * second_us;
constexpr std::int64_t clock_apart_us_max = second_us / 2;
constexpr std::int64_t certificate_left_us_min = 14 * day_us;
constexpr std::int64_t joining_us_max = 600 * second_us;
constexpr std::int64_t map_lag_us_max = 30 * second_us;
constexpr std::uint64_t lag_max = 4096;
constexpr std::uint64_t disk_free_min = 1ULL << 30;

// What is found, errors first in the end.
class findings {
 public:
  void error(std::string what, std::string advice) {
    errors_.push_back({severity::error, std::move(what), std::move(advice)});
  }
  void warn(std::string what, std::string advice) {
    warnings_.push_back({severity::warning, std::move(what), std::move(advice)});
  }
  std::vector<problem> take() {
    errors_.insert(errors_.end(), warnings_.begin(), warnings_.end());
    return std::move(errors_);
  }

 private:
  std::vector<problem> errors_, warnings_;
};

std::string name_of(const cluster_sight& sight, node_id id) {
  auto* n = sight.map.find(id);
  return n && !n->facts.name.empty() ? n->facts.name : cluster::hex_of(id);
}

std::string names_of(const cluster_sight& sight, const std::vector<node_id>& nodes) {
  std::string out;
  for (auto id : nodes) out += (out.empty() ? "" : ", ") + name_of(sight, id);
  return out;
}

std::string seconds(std::int64_t us) { return std::to_string(us / second_us) + " s"; }

std::string shard_name(shard_id s) { return "shard " + std::to_string(s.value); }

bool is_here(const cluster_sight& sight, node_id id) {
  auto* n = sight.seen(id);
  return n && sight.now_us - n->last_seen_us < report_us_max;
}

// --- nodes

void look_at_reach(const cluster_sight& sight, const cluster_node& n, findings& out) {
  auto name = "node " + n.facts.name;
  if (n.state == node_state::joining) {
    if (sight.now_us - n.changed_us > joining_us_max)
      out.warn(name + " was admitted " + seconds(sight.now_us - n.changed_us) + " ago and has not started",
               "look at its log, or give it up: troupectl node remove " + n.facts.name);
    return;
  }
  if (sight.is_alive(n.facts.id)) return;
  auto* seen = sight.seen(n.facts.id);
  auto since = seen && seen->last_seen_us != 0
                   ? "not heard of for " + seconds(sight.now_us - seen->last_seen_us)
                   : std::string("not heard of");
  if (is_here(sight, n.facts.id) && seen->connected)
    out.error(name + " is reached from here, but not by most of the others",
              "look at the network between it and them");
  else
    out.error(name + " at " + (n.facts.address.empty() ? "no address" : n.facts.address) + ": " + since,
              "start it, or mend the way to it; if it is gone for good: troupectl node replace " +
                  n.facts.name + " --with ANOTHER");
}

void look_at_report(const cluster_sight& sight, const cluster_node& n, const seen_node& seen, findings& out) {
  auto name = "node " + n.facts.name;
  const auto& r = seen.report;
  for (const auto& p : r.problems) out.warn(name + ": " + p, "see its log");
  auto apart = std::abs(seen.clock_offset_us) - seen.round_trip_us / 2;
  if (n.facts.id != sight.self && apart > clock_apart_us_max)
    out.warn("the clock of " + name + " is " + std::to_string(seen.clock_offset_us / 1000) +
                 " ms off the one here",
             "let a time service (chrony, systemd-timesyncd) run on both");
  if (r.disk_free_bytes != 0 && r.disk_free_bytes < disk_free_min)
    out.warn(name + " has " + std::to_string(r.disk_free_bytes >> 20) + " MiB left on its disk",
             "make space: below 128 MiB it takes no writes");
  if (r.certificate_expires_us != 0) {
    auto left = r.certificate_expires_us - sight.now_us;
    if (left <= 0)
      out.error("the certificate of " + name + " has expired",
                "issue another one with troupectl cert issue and start it again");
    else if (left < certificate_left_us_min)
      out.warn("the certificate of " + name + " expires in " + std::to_string(left / day_us) + " days",
               "issue another one with troupectl cert issue and start it again");
  }
  for (const auto& s : r.shards) {
    if (!s.fault.empty())
      out.error(name + ", " + shard_name(s.shard) + " is halted: " + s.fault,
                "see its log; if the disk is sound, start it again; else replace the node");
    if (s.digest_mismatches != 0)
      out.error(
          name + ", " + shard_name(s.shard) + ": its records differ from those of another replica",
          "copy its data directory for those who look into it, then take the replicas of this node away: "
          "troupectl node drain " +
              n.facts.name);
  }
}

void look_at_versions(const cluster_sight& sight, findings& out) {
  std::set<std::string> versions;
  for (const auto& n : sight.map.nodes) {
    if (n.state == node_state::left || n.state == node_state::joining) continue;
    versions.insert(n.facts.version);
  }
  if (versions.size() > 1) {
    std::string all;
    for (const auto& v : versions) all += (all.empty() ? "" : ", ") + v;
    out.warn("the nodes run different versions: " + all, "finish the upgrade");
  }
}

// --- shards

std::vector<node_id> away_of(const cluster_sight& sight, const std::vector<node_id>& voters) {
  std::vector<node_id> out;
  for (auto v : voters)
    if (!sight.is_alive(v)) out.push_back(v);
  return out;
}

// False if nobody can write there: more need not be said.
bool look_at_majority(const cluster_sight& sight, const cluster::known_shard& s, findings& out) {
  auto name = shard_name(s.id);
  auto away = away_of(sight, s.voters);
  if (away.size() * 2 >= s.voters.size() && !away.empty()) {
    out.error(name + " has no majority: " + names_of(sight, away) + " of its " +
                  std::to_string(s.voters.size()) + " voters cannot be reached",
              "start them again; its data is safe, writes wait");
    return false;
  }
  if (s.leader.value == 0) {
    out.error(name + " has no leader",
              "wait a few seconds for an election; then see the logs of " + names_of(sight, s.voters));
    return false;
  }
  return true;
}

void look_at_lag(const cluster_sight& sight, const cluster::known_shard& s, findings& out) {
  auto* truth = sight.truth(s.id);
  if (!truth) return;
  for (auto v : s.voters) {
    auto* seen = is_here(sight, v) ? sight.seen(v) : nullptr;
    auto* part = seen ? seen->report.of(s.id) : nullptr;
    if (!part || part->generation != truth->generation || part->applied + lag_max >= truth->commit) continue;
    out.warn(shard_name(s.id) + " on node " + name_of(sight, v) + " is " +
                 std::to_string(truth->commit - part->applied) + " entries behind",
             "it catches up by itself unless its disk or network is too slow");
  }
}

void look_at_shards(const cluster_sight& sight, const cluster::known_cluster& known, findings& out) {
  std::size_t active = 0;
  for (const auto& n : known.nodes) active += n.state == node_state::active ? 1 : 0;
  auto wanted = cluster::replicas_wanted(known.replicas, active);
  std::string few;
  for (const auto& s : known.shards) {
    if (!look_at_majority(sight, s, out)) continue;
    look_at_lag(sight, s, out);
    if (s.voters.size() < wanted) few += (few.empty() ? "" : ", ") + std::to_string(s.id.value);
    const auto& placed = sight.map.shards[s.id.value];
    if (s.generation > placed.generation && sight.now_us - placed.since_us > map_lag_us_max)
      out.warn("the map has generation " + std::to_string(placed.generation.value) + " of " +
                   shard_name(s.id) + ", which is in generation " + std::to_string(s.generation.value),
               "it is recorded once the system shard has a leader; see shard 0");
  }
  if (!few.empty())
    out.warn("fewer than " + std::to_string(wanted) + " replicas: shards " + few,
             "they grow one after the other, as soon as enough nodes are alive");
}

// --- what waits

void look_at_drains(const cluster_sight& sight, const cluster::known_cluster& known, findings& out) {
  for (const auto& n : sight.map.nodes) {
    if (n.state != node_state::draining) continue;
    std::size_t left = 0;
    for (const auto& s : known.shards)
      left += std::find(s.voters.begin(), s.voters.end(), n.facts.id) != s.voters.end() ? 1 : 0;
    if (left == 0 || cluster::next_placement(known)) continue;
    bool changing = std::any_of(known.shards.begin(), known.shards.end(), [](const auto& s) {
      return s.now == cluster::known_shard::condition::changing;
    });
    if (changing) continue;
    auto* heir = n.successor.value ? sight.map.find(n.successor) : nullptr;
    out.warn("node " + n.facts.name + " is to be empty and waits with " + std::to_string(left) + " replicas",
             heir ? "start its successor, node " + heir->facts.name
                  : "more nodes have to be alive: invite one, or start those that are away");
  }
}

}  // namespace

std::vector<problem> diagnose(const cluster_sight& sight) {
  findings out;
  // Without a map, or with one that is older or newer than its part in the cluster, nobody else tells how this node is.
  auto* itself = sight.map.find(sight.self);
  if (auto* own = sight.seen(sight.self); own && (!itself || itself->state == node_state::left))
    for (const auto& p : own->report.problems) out.error("this node: " + p, "see its log");
  if (sight.map.version == 0) {
    out.error("this node does not know the cluster's map yet",
              "wait until it reaches a node that does; else look at the connections in its log");
    return out.take();
  }
  for (const auto& n : sight.map.nodes) {
    if (n.state == node_state::left) continue;
    look_at_reach(sight, n, out);
    if (is_here(sight, n.facts.id)) look_at_report(sight, n, *sight.seen(n.facts.id), out);
  }
  auto known = known_of(sight);
  look_at_shards(sight, known, out);
  look_at_drains(sight, known, out);
  look_at_versions(sight, out);
  return out.take();
}

}  // namespace troupe::node
