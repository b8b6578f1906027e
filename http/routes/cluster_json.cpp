#include "http/routes/cluster_json.hpp"

#include <algorithm>
#include <map>
#include <tuple>
#include <vector>

#include "http/routes/json_writer.hpp"
#include "protocol/message.hpp"

namespace troupe::http {

namespace {

// What was said earlier than this before now says nothing about now.
constexpr std::int64_t fresh_us_max = 5'000'000;

std::string hex(std::uint64_t id) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out(16, '0');
  for (int i = 15; i >= 0; --i, id >>= 4) out[static_cast<std::size_t>(i)] = digits[id & 15];
  return out;
}

std::string hex_or_nothing(std::uint64_t id) { return id == 0 ? std::string() : hex(id); }

std::string_view state_name(schema::NodeState s) {
  switch (s) {
    case schema::NodeState::JOINING: return "joining";
    case schema::NodeState::ACTIVE: return "active";
    case schema::NodeState::DRAINING: return "draining";
    case schema::NodeState::LEFT: return "left";
  }
  return "unknown";
}

std::string_view bool_text(bool b) { return b ? "true" : "false"; }

bool votes(schema::ShardStatus::Reader s) {
  auto role = view_of(s.getRole());
  return role == "leader" || role == "follower" || role == "candidate";
}

// The parts of all nodes in all shards.
class parts {
 public:
  explicit parts(schema::ClusterView::Reader view) {
    std::int64_t now_us = 0;
    for (auto n : view.getNodes()) now_us = std::max(now_us, n.getLastSeenUs());
    for (auto n : view.getNodes()) {
      auto id = n.getReport().getNode();
      bool self = id == view.getSelf();
      alive_[id] = self || (n.getConnected() && now_us - n.getLastSeenUs() < fresh_us_max);
      if (!alive_[id]) continue;
      for (auto s : n.getReport().getShards()) all_[s.getShard()].emplace_back(id, s);
      for (auto s : n.getReport().getMoving()) moving_.push_back(s);
    }
  }

  bool alive(std::uint64_t node) const {
    auto it = alive_.find(node);
    return it != alive_.end() && it->second;
  }
  bool moving(std::uint16_t shard) const {
    return std::find(moving_.begin(), moving_.end(), shard) != moving_.end();
  }
  const schema::ShardStatus::Reader* of(std::uint16_t shard, std::uint64_t node) const {
    auto it = all_.find(shard);
    if (it == all_.end()) return nullptr;
    for (const auto& [id, s] : it->second)
      if (id == node) return &s;
    return nullptr;
  }
  // Who knows best where the shard is: the newest generation, and in it the leader.
  const schema::ShardStatus::Reader* truth(std::uint16_t shard) const {
    const schema::ShardStatus::Reader* best = nullptr;
    auto rank = [](const schema::ShardStatus::Reader& s) {
      return std::tuple(s.getGeneration(), view_of(s.getRole()) == "leader", s.getTerm(),
                        s.getAppliedIndex());
    };
    auto it = all_.find(shard);
    if (it == all_.end()) return nullptr;
    for (const auto& [id, s] : it->second)
      if (votes(s) && (!best || rank(s) > rank(*best))) best = &s;
    return best;
  }
  // How many shards the node leads and has a replica of.
  std::pair<int, int> counts(std::uint64_t node) const {
    int leads = 0, has = 0;
    for (const auto& [shard, list] : all_)
      for (const auto& [id, s] : list)
        if (id == node && votes(s)) ++has, leads += view_of(s.getRole()) == "leader" ? 1 : 0;
    return {leads, has};
  }

 private:
  std::map<std::uint16_t, std::vector<std::pair<std::uint64_t, schema::ShardStatus::Reader>>> all_;
  std::map<std::uint64_t, bool> alive_;
  std::vector<std::uint16_t> moving_;
};

void write_node(schema::ClusterView::Reader view, const parts& all, schema::ClusterNode::Reader node,
                schema::NodeView::Reader seen, std::string& out) {
  auto report = seen.getReport();
  auto [leads, has] = all.counts(node.getId());
  bool self = node.getId() == view.getSelf();
  object_writer w(out);
  w.text("id", hex(node.getId()))
      .text("name", view_of(node.getName()))
      .text("state", node.getRemoving() ? std::string_view("removing") : state_name(node.getState()))
      .text_or_null("zone", view_of(node.getZone()))
      .text_or_null("address", view_of(node.getAddress()))
      .text_or_null("client_address", view_of(node.getClientAddress()))
      .text("version", view_of(node.getVersion()))
      .number("level", node.getLevel())
      .raw("is_self", bool_text(self))
      .raw("connected", bool_text(self || seen.getConnected()))
      .raw("ready", bool_text(all.alive(node.getId()) && report.getReady()))
      .time("last_seen", seen.getLastSeenUs())
      .time("started_at", report.getStartedUs())
      .number("leaders", leads)
      .number("replicas", has)
      .number("resident_bytes", static_cast<std::int64_t>(report.getResidentBytes()))
      .number("disk_free_bytes", static_cast<std::int64_t>(report.getDiskFreeBytes()))
      .decimal("clock_offset_ms", seen.getClockOffsetUs(), 3)
      .decimal("round_trip_ms", seen.getRoundTripUs(), 3);
  w.end();
}

std::string_view role_of(const parts& all, const schema::ShardStatus::Reader* part, std::uint64_t generation,
                         std::uint64_t node) {
  if (!all.alive(node)) return "unreachable";
  if (!part) return "unknown";
  if (votes(*part) && part->getGeneration() < generation) return "behind";
  return view_of(part->getRole());
}

void write_shard(const parts& all, schema::ShardPlace::Reader place, std::string& out) {
  auto shard = place.getShard();
  auto* truth = all.truth(shard);
  bool newer = truth && truth->getGeneration() >= place.getGeneration();
  auto generation = newer ? truth->getGeneration() : place.getGeneration();
  auto voters = newer ? truth->getVoters() : place.getVoters();
  bool led = newer && view_of(truth->getRole()) == "leader";
  auto commit = newer ? truth->getCommitIndex() : 0;
  std::string replicas;
  unsigned alive = 0, whole = 0;
  for (auto v : voters) {
    auto* part = all.of(shard, v);
    bool in = all.alive(v) && part && votes(*part) && part->getGeneration() == generation;
    alive += all.alive(v) ? 1 : 0;
    whole += in ? 1 : 0;
    replicas += replicas.empty() ? "" : ",";
    object_writer r(replicas);
    r.text("node", hex(v)).text("role", role_of(all, part, generation, v));
    if (in) {
      auto applied = part->getAppliedIndex();
      r.number("applied_index", static_cast<std::int64_t>(applied));
      r.number("lag", static_cast<std::int64_t>(commit > applied ? commit - applied : 0));
      r.text_or_null("fault", view_of(part->getFault()));
      r.number("bytes", static_cast<std::int64_t>(part->getBytes()));
      bool digested = part->getDigestIndex() != 0;
      r.number("digest_index", static_cast<std::int64_t>(part->getDigestIndex()));
      r.text_or_null("digest", digested ? hex(part->getDigest()) : std::string());
      r.number("digest_mismatches", static_cast<std::int64_t>(part->getDigestMismatches()));
    } else {
      r.raw("applied_index", "null").raw("lag", "null");
      r.text_or_null("fault", part ? view_of(part->getFault()) : std::string_view());
    }
    r.end();
  }
  std::string_view state = alive * 2 <= voters.size() ? "no_majority"
                           : !led                     ? "no_leader"
                           : all.moving(shard)        ? "changing"
                           : whole < voters.size()    ? "degraded"
                                                      : "healthy";
  object_writer w(out);
  w.number("id", shard)
      .number("generation", static_cast<std::int64_t>(generation))
      .text_or_null("leader", hex_or_nothing(led ? truth->getLeader() : 0))
      .number("term", static_cast<std::int64_t>(newer ? truth->getTerm() : 0))
      .number("commit_index", static_cast<std::int64_t>(commit))
      .number("last_seq", static_cast<std::int64_t>(newer ? truth->getLastSeq() : 0))
      .raw("replicas", "[" + replicas + "]")
      .text("state", state);
  w.end();
}

}  // namespace

void write_cluster_json(schema::ClusterView::Reader view, std::string& out) {
  parts all(view);
  auto map = view.getMap();
  std::map<std::uint64_t, schema::NodeView::Reader> seen;
  for (auto n : view.getNodes()) seen.emplace(n.getReport().getNode(), n);
  std::string nodes, shards, problems, invitations;
  for (auto n : map.getNodes()) {
    auto it = seen.find(n.getId());
    if (n.getState() == schema::NodeState::LEFT || it == seen.end()) continue;
    nodes += nodes.empty() ? "" : ",";
    write_node(view, all, n, it->second, nodes);
  }
  for (auto s : map.getShards()) {
    shards += shards.empty() ? "" : ",";
    write_shard(all, s, shards);
  }
  for (auto p : view.getProblems()) {
    problems += problems.empty() ? "" : ",";
    ingest::json::write_string(view_of(p.getWhat()), problems);
  }
  for (auto i : map.getInvitations()) {
    if (i.getUsedUs() != 0) continue;
    invitations += invitations.empty() ? "" : ",";
    object_writer w(invitations);
    w.text("name", view_of(i.getName()))
        .text("node", hex(i.getNodeId()))
        .text_or_null("address", view_of(i.getAddress()))
        .time("expires_at", i.getExpiresUs());
    w.end();
  }
  bool paused = map.getSettings().getRebalancing() == schema::Rebalancing::PAUSED;
  object_writer w(out);
  w.text("cluster_id", view_of(view.getClusterId()))
      .number("map_version", static_cast<std::int64_t>(map.getVersion()))
      .number("level", map.getLevel())
      .number("replicas_setting", map.getSettings().getReplicas())
      .text("rebalancing", paused ? "paused" : "on")
      .raw("nodes", "[" + nodes + "]")
      .raw("shards", "[" + shards + "]")
      .raw("invitations", "[" + invitations + "]")
      .raw("problems", "[" + problems + "]");
  w.end();
}

}  // namespace troupe::http
