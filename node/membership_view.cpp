#include "node/membership_view.hpp"

#include <algorithm>
#include <tuple>

#include "protocol/message.hpp"
#include "storage/space_guard.hpp"

namespace troupe::node {

using cluster::known_shard;

const seen_node* cluster_sight::seen(node_id id) const {
  auto it = nodes.find(id);
  return it == nodes.end() ? nullptr : &it->second;
}

bool cluster_sight::is_alive(node_id id) const {
  if (id == self) return true;
  auto heard = [&](const seen_node& n) { return n.connected && now_us - n.last_seen_us < report_us_max; };
  auto* node = seen(id);
  if (!node || !heard(*node)) return false;
  std::size_t others = 0, see_it = 0;
  for (const auto& [other, n] : nodes) {
    if (other == id || !heard(n)) continue;
    ++others;
    if (other == self || n.report.is_connected(id)) ++see_it;
  }
  return see_it * 2 > others || others == 0;
}

const shard_report* cluster_sight::truth(shard_id shard) const {
  const shard_report* best = nullptr;
  auto rank = [](const shard_report& s) { return std::tuple(s.generation, s.leads(), s.term, s.applied); };
  for (const auto& [id, n] : nodes) {
    auto* s = now_us - n.last_seen_us < report_us_max ? n.report.of(shard) : nullptr;
    if (s && s->votes() && s->fault.empty() && (!best || rank(*s) > rank(*best))) best = s;
  }
  return best;
}

void cluster_sight::move_marks() {
  for (const auto& placed : map.shards) {
    auto* now = truth(placed.shard);
    if (!now) continue;
    auto& mark = marks[placed.shard];
    if (mark.of != now->generation)
      mark = {now->generation, now->commit, now->commit, now_us};
    else if (now_us - mark.next_us >= report_us_max)
      mark = {mark.of, mark.next, now->commit, now_us};
  }
}

namespace {

// A little above where writes are refused.
constexpr std::uint64_t leading_bytes_min = storage::disk_reserve_bytes / 4 * 5;

bool has_caught_up(const cluster_sight& sight, const shard_report& part, const shard_report& truth) {
  if (part.applied + settled_lag_max >= truth.commit) return true;
  auto mark = sight.marks.find(truth.shard);
  return mark != sight.marks.end() && mark->second.of == truth.generation &&
         part.applied >= mark->second.commit;
}

known_shard::condition condition_of(const cluster_sight& sight, const shard_report& truth) {
  for (auto v : truth.voters) {
    if (!sight.is_alive(v)) continue;
    auto* part = sight.seen(v)->report.of(truth.shard);
    bool in = part && part->votes() && part->generation == truth.generation;
    if (!in || !has_caught_up(sight, *part, truth)) return known_shard::condition::changing;
  }
  return known_shard::condition::settled;
}

known_shard shard_of(const cluster_sight& sight, const cluster::placed_shard& placed) {
  known_shard s{
      placed.shard, placed.generation, placed.voters, node_id(), 0, known_shard::condition::changing};
  auto* truth = sight.truth(placed.shard);
  if (!truth || truth->generation < placed.generation) return s;
  s.generation = truth->generation;
  s.voters = truth->voters;
  std::sort(s.voters.begin(), s.voters.end());
  if (truth->leads() && sight.is_alive(truth->leader)) s.leader = truth->leader;
  // Events stand for the size: all replicas have the same number of them, whatever compaction makes of the files, so that
  // nothing is moved to and fro because files grew and shrank.
  s.bytes = truth->last_seq;
  s.now = condition_of(sight, *truth);
  return s;
}

bool votes(const cluster::known_cluster& known, node_id id) {
  return std::any_of(known.shards.begin(), known.shards.end(), [&](const auto& s) {
    return std::find(s.voters.begin(), s.voters.end(), id) != s.voters.end();
  });
}

unsigned size_of(const auto& list) { return static_cast<unsigned>(list.size()); }

}  // namespace

cluster::known_cluster known_of(const cluster_sight& sight) {
  cluster::known_cluster known;
  known.replicas = sight.map.replicas;
  known.moving = sight.map.moving;
  for (const auto& n : sight.map.nodes) {
    auto* seen = sight.seen(n.facts.id);
    auto free = seen ? seen->report.disk_free_bytes : 0;  // 0: not said
    known.nodes.push_back(
        {n.facts.id, n.facts.zone, n.state,
         sight.is_alive(n.facts.id) ? cluster::presence::alive : cluster::presence::silent, n.successor,
         free != 0 && free < leading_bytes_min ? cluster::disk_room::short_of : cluster::disk_room::enough});
  }
  for (const auto& s : sight.map.shards) known.shards.push_back(shard_of(sight, s));
  // Let go while a seal that names it was on its way: it has to be replaced like one that drains.
  for (auto& n : known.nodes)
    if (n.state == cluster::node_state::left && votes(known, n.id)) n.state = cluster::node_state::draining;
  return known;
}

bool differs(const cluster_sight& sight, const shard_report& mine) {
  if (mine.digest_index == 0) return false;
  std::map<std::uint64_t, std::size_t> with;
  for (const auto& [id, n] : sight.nodes) {
    auto* s = id == sight.self ? &mine : n.report.of(mine.shard);
    if (s && s->votes() && s->digest_index == mine.digest_index) ++with[s->digest];
  }
  return std::any_of(with.begin(), with.end(), [&](const auto& other) {
    return other.first != mine.digest && other.second >= with[mine.digest];
  });
}

std::string encode_view(const cluster_sight& sight, const std::vector<problem>& problems) {
  capnp::MallocMessageBuilder message;
  auto out = message.initRoot<schema::ClusterView>();
  out.setClusterId(sight.cluster_id);
  out.setSelf(sight.self.value);
  auto map = sight.map;
  for (auto& i : map.invitations) i.secret_hash.clear();
  write_map(map, out.initMap());
  std::vector<node_id> here;
  for (const auto& n : map.nodes)
    if (n.state != cluster::node_state::left) here.push_back(n.facts.id);
  auto nodes = out.initNodes(size_of(here));
  for (unsigned i = 0; i < nodes.size(); ++i) {
    auto* seen = sight.seen(here[i]);
    if (!seen) {
      nodes[i].initReport().setNode(here[i].value);
      continue;
    }
    write_report(seen->report, nodes[i].initReport());
    nodes[i].getReport().setNode(here[i].value);
    nodes[i].setConnected(seen->connected);
    nodes[i].setLastSeenUs(seen->last_seen_us);
    nodes[i].setClockOffsetUs(seen->clock_offset_us);
    nodes[i].setRoundTripUs(seen->round_trip_us);
  }
  auto list = out.initProblems(size_of(problems));
  for (unsigned i = 0; i < list.size(); ++i) {
    list[i].setSeverity(problems[i].how == severity::error ? schema::Severity::ERROR
                                                           : schema::Severity::WARNING);
    list[i].setWhat(problems[i].what);
    list[i].setAdvice(problems[i].advice);
  }
  return to_bytes(message);
}

}  // namespace troupe::node
