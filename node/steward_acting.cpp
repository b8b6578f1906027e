// What the node that leads the system shard does about the others: see steward.hpp.
#include <spdlog/spdlog.h>

#include <algorithm>

#include "node/steward.hpp"
#include "protocol/message.hpp"
#include "protocol/placement.hpp"
#include "protocol/schema/command.capnp.h"

namespace troupe::node {

using cluster::known_cluster;
using cluster::known_shard;
using cluster::node_state;

namespace {

constexpr std::int64_t ms_us = 1000, second_us = 1'000'000;
// A change that takes longer does not hold up the others.
constexpr std::int64_t change_us_max = 30 * second_us;
constexpr std::int64_t announce_retry_us = 1 * second_us, announce_refused_us = 10 * second_us;
constexpr std::int64_t hand_over_again_us = 5 * second_us;
constexpr std::int64_t learn_again_us = 1 * second_us;
// A newcomer that gets no further is not waited for: the seal will do.
constexpr std::int64_t learn_stuck_us = 10 * second_us;

std::string encoded_seal(generation next, const std::vector<node_id>& voters) {
  capnp::MallocMessageBuilder message;
  auto command = message.initRoot<schema::Command>();
  command.setPrincipal("node");
  auto seal = command.initBody().initSeal();
  seal.setGeneration(next.value);
  auto list = seal.initVoters(static_cast<unsigned>(voters.size()));
  for (unsigned i = 0; i < list.size(); ++i) list.set(i, voters[i].value);
  return to_bytes(message);
}

// What a reply says, whichever kind it is.
std::optional<failure> refusal_of(const result<std::string>& reply) {
  if (!reply) return reply.error();
  message_reader reader(*reply);
  auto root = reader.root<schema::Reply>();
  if (!root.isRefused()) return std::nullopt;
  return failure{static_cast<errc>(root.getRefused().getCode()),
                 std::string(view_of(root.getRefused().getDetail()))};
}

bool contains(const std::vector<node_id>& voters, node_id id) {
  return std::find(voters.begin(), voters.end(), id) != voters.end();
}

}  // namespace

std::string steward::names(const std::vector<node_id>& nodes) const {
  std::string out;
  for (auto id : nodes) {
    auto* n = sight_.map.find(id);
    out += (out.empty() ? "" : ",") + (n ? n->facts.name : cluster::hex_of(id));
  }
  return out;
}

void steward::command(shard_id shard, std::string bytes, outcome then) {
  busy_ = true;
  then_ = std::move(then);
  host_.command(shard, std::move(bytes), ++commands_);
}

void steward::change_map(const std::function<void(schema::ClusterCommand::Builder)>& fill,
                         std::string_view what) {
  command(system_shard, encoded_cluster_command(fill),
          [this, what = std::string(what)](const result<std::string>& reply) {
            auto now = map_in(reply);
            if (now) {
              complaint_.clear();
              return learn(std::move(*now));
            }
            auto complaint = what + ": " + now.error().detail;
            if (complaint != complaint_) spdlog::warn("membership: {}", complaint);
            complaint_ = complaint;
          });
}

// --- what every node does: say that it is here

void steward::announce() {
  if (busy_ || sight_.map.version == 0 || sight_.now_us < announce_after_us_) return;
  auto* known = sight_.map.find(sight_.self);
  if (!known) return;
  auto wish = config_.self;
  auto* named = sight_.map.find(wish.name);
  if (wish.name.empty() || (named && named->facts.id != wish.id)) wish.name = known->facts.name;
  if (wish == known->facts && known->state != node_state::joining) return;
  announce_after_us_ = sight_.now_us + announce_retry_us;
  if (known->state == node_state::left) {
    announce_after_us_ = sight_.now_us + announce_refused_us;
    constexpr auto gone =
        "this node was removed from the cluster: stop it, empty its data directory, invite it anew";
    if (complaint_ != gone) spdlog::error("{}", gone);
    complaint_ = gone;
    return;
  }
  change_map([&](auto c) { write_facts(wish, c.initAnnounce()); }, "this node could not announce itself");
}

// --- what the leader of the system shard does

bool steward::acts() const {
  auto* own = sight_.seen(sight_.self);
  auto* system = own ? own->report.of(system_shard) : nullptr;
  return system && system->leads() && system->fault.empty();
}

void steward::act_as_leader() {
  if (busy_ || found() || sight_.map.version == 0) return;
  auto known = known_of(sight_);
  for (auto& s : known.shards)
    if (auto it = sealed_.find(s.id); it != sealed_.end()) {
      if (s.generation < it->second)
        s.now = known_shard::condition::changing;  // sealed, and no report of it has come
      else
        sealed_.erase(it);
    }
  if (record(known) || finish_removals(known) || raise_level()) return;
  if (waits_for_change(known)) return;
  if (place(known)) return;
  expect_leaders(known);
  bool rested = sight_.now_us - changed_us_ > config_.leaders_rest.count() * ms_us;
  auto step = cluster::next_transfer(known);
  if (step && (rested || step->why == cluster::transfer_step::reason::leaves)) hand_over(*step);
}

// Reports are of before a hand-over for a while: until then whoever was to lead counts as leading, and is not asked again.
void steward::expect_leaders(known_cluster& known) {
  for (auto& s : known.shards) {
    auto it = handed_.find(s.id);
    if (it == handed_.end()) continue;
    if (sight_.now_us - it->second.at_us > hand_over_again_us) {
      handed_.erase(it);
      continue;
    }
    s.leader = it->second.to;
    s.now = known_shard::condition::changing;
  }
}

bool steward::found() {
  auto* system = sight_.seen(sight_.self)->report.of(system_shard);
  if (sight_.map.version != 0) {
    // Alone with a map that does not know it: the records were restored from a backup of another cluster.
    if (sight_.map.find(sight_.self) || system->voters != std::vector{sight_.self}) return false;
    spdlog::info("the map is of another cluster, from a backup: this node begins its own");
    change_map(
        [&](auto c) {
          auto beginning = c.initRestore();
          write_facts(config_.self, beginning.initNode());
          beginning.setShards(config_.shard_count);
        },
        "the restored cluster could not be begun");
    return true;
  }
  // Whoever votes with others was placed there by a map.
  if (system->voters != std::vector{sight_.self}) return true;
  change_map(
      [&](auto c) {
        auto founding = c.initFound();
        write_facts(config_.self, founding.initNode());
        founding.setShards(config_.shard_count);
      },
      "the cluster could not be founded");
  return true;
}

bool steward::record(const known_cluster& known) {
  for (const auto& s : known.shards) {
    if (s.generation <= sight_.map.shards[s.id.value].generation) continue;
    changed_us_ = sight_.now_us;
    change_map(
        [&](auto c) {
          auto placed = c.initPlace();
          placed.setShard(s.id.value);
          placed.setGeneration(s.generation.value);
          auto voters = placed.initVoters(static_cast<unsigned>(s.voters.size()));
          for (unsigned i = 0; i < voters.size(); ++i) voters.set(i, s.voters[i].value);
        },
        "a generation could not be recorded");
    return true;
  }
  return false;
}

bool steward::finish_removals(const known_cluster& known) {
  for (const auto& n : sight_.map.nodes) {
    if (n.state != node_state::draining || n.then != cluster::after_drain::leave) continue;
    bool votes = std::any_of(known.shards.begin(), known.shards.end(),
                             [&](const auto& s) { return contains(s.voters, n.facts.id); });
    if (votes) continue;
    spdlog::info("node {} votes nowhere any more and leaves the cluster", n.facts.name);
    change_map([&](auto c) { c.initRemove().setNode(n.facts.id.value); }, "a node could not be removed");
    return true;
  }
  return false;
}

bool steward::raise_level() {
  auto lowest = ~std::uint32_t{0};
  for (const auto& n : sight_.map.nodes)
    if (n.state != node_state::left) lowest = std::min(lowest, n.facts.level);
  if (lowest == ~std::uint32_t{0} || lowest <= sight_.map.level) return false;
  spdlog::info("all nodes can do behaviour level {}: it is in force from now on", lowest);
  change_map([&](auto c) { c.setRaiseLevel(lowest); }, "the level could not be raised");
  return true;
}

// One shard changes at a time, unless that one takes for ever.
bool steward::waits_for_change(const known_cluster& known) {
  auto& moving = sight_.nodes[sight_.self].report.moving;
  moving.clear();
  for (const auto& s : known.shards)
    if (s.now == known_shard::condition::changing && sight_.truth(s.id)) moving.push_back(s.id);
  changing_ = !moving.empty();
  if (!changing_) {
    changing_since_us_ = 0;
    return false;
  }
  if (changing_since_us_ == 0) changing_since_us_ = sight_.now_us;
  return sight_.now_us - changing_since_us_ < change_us_max;
}

bool steward::place(const known_cluster& known) {
  auto step = cluster::next_placement(known);
  if (!step) return false;
  const auto& shard = known.shards[step->shard.value];
  if (prepares(shard, *step)) return true;
  if (!lead_elsewhere_first(shard, *step)) seal(*step);
  return true;
}

// Newcomers pull the state while the shard goes on: behind the seal they need only what came last, and clients wait for that.
bool steward::prepares(const known_shard& shard, const cluster::placement_step& step) {
  auto* truth = sight_.truth(step.shard);
  if (!truth || !truth->leads()) return false;
  auto& p = preparing_[step.shard];
  if (p.of != step.from) p = {step.from, 0, sight_.now_us, 0};
  std::uint64_t learnt = 0;
  bool ready = true, asks = sight_.now_us - p.asked_us > learn_again_us;
  for (auto v : step.voters) {
    if (contains(shard.voters, v) || has_learnt(v, *truth)) continue;
    ready = false;
    auto* seen = sight_.seen(v);
    auto* part = seen ? seen->report.of(step.shard) : nullptr;
    if (part && part->learns()) learnt += part->bytes + part->applied;
    if (!asks) continue;
    p.asked_us = sight_.now_us;
    host_.learn_ahead(v, {step.shard, step.from, truth->leader});
  }
  if (learnt != p.learnt) p.moved_us = sight_.now_us;
  p.learnt = learnt;
  if (ready || sight_.now_us - p.moved_us > learn_stuck_us) return false;
  changing_ = true;
  return true;
}

bool steward::has_learnt(node_id newcomer, const shard_report& truth) const {
  auto* seen = sight_.seen(newcomer);
  auto* part = seen ? seen->report.of(truth.shard) : nullptr;
  return part && part->learns() && part->generation == truth.generation && part->applied != 0 &&
         part->applied + settled_lag_max >= truth.commit;
}

// Handing a shard over takes a moment; electing somebody after its leader left takes longer.
bool steward::lead_elsewhere_first(const known_shard& shard, const cluster::placement_step& step) {
  if (contains(step.voters, shard.leader)) return false;
  auto& last = handed_us_[shard.id];
  if (sight_.now_us - last < hand_over_again_us) return false;
  for (auto v : shard.voters)
    if (contains(step.voters, v) && sight_.is_alive(v)) {
      last = sight_.now_us;
      hand_over({shard.id, shard.leader, v});
      return true;
    }
  return false;
}

void steward::seal(const cluster::placement_step& step) {
  auto next = generation(step.from.value + 1);
  spdlog::info("shard {}: generation {} with voters {}, because {}", step.shard.value, next.value,
               names(step.voters), step.why);
  changing_ = true;
  changed_us_ = sight_.now_us;
  command(step.shard, encoded_seal(next, step.voters),
          [this, shard = step.shard, next](const result<std::string>& reply) {
            if (auto no = refusal_of(reply)) {
              spdlog::warn("shard {}: generation {} did not begin: {}", shard.value, next.value, no->detail);
              return;
            }
            ++seals_;
            sealed_[shard] = next;
          });
}

void steward::hand_over(const cluster::transfer_step& step) {
  busy_ = true;
  handed_[step.shard] = {step.to, sight_.now_us};
  then_ = [this, step](const result<std::string>& reply) {
    if (reply)
      ++transfers_;
    else
      spdlog::warn("shard {} was not handed to {}: {}", step.shard.value, names({step.to}),
                   reply.error().detail);
  };
  spdlog::info("shard {}: {} is asked to hand it to {}", step.shard.value, names({step.from}),
               names({step.to}));
  host_.hand_over(step.shard, step.to, ++commands_);
}

}  // namespace troupe::node
