#include "node/steward.hpp"

#include <kj/exception.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <set>

#include "protocol/message.hpp"
#include "protocol/schema/command.capnp.h"
#include "protocol/schema/reply.capnp.h"

namespace troupe::node {

using cluster::cluster_map;
using cluster::node_state;

result<cluster_map> map_in(const result<std::string>& reply) {
  if (!reply) return reply.error();
  try {
    message_reader reader(*reply);
    auto root = reader.root<schema::Reply>();
    if (root.isClusterMap()) return cluster::read_map(root.getClusterMap());
    if (!root.isRefused()) return failure{errc::corrupt, "the cluster's map was expected as an answer"};
    auto why = root.getRefused();
    return failure{static_cast<errc>(why.getCode()), std::string(view_of(why.getDetail())),
                   std::chrono::milliseconds(why.getRetryAfterMs()), std::string(view_of(why.getField()))};
  } catch (const kj::Exception& e) {
    return failure{errc::corrupt, std::string("an answer cannot be decoded: ") + e.getDescription().cStr()};
  }
}

std::string encoded_cluster_command(const std::function<void(schema::ClusterCommand::Builder)>& fill) {
  capnp::MallocMessageBuilder message;
  auto command = message.initRoot<schema::Command>();
  command.setPrincipal("node");
  fill(command.initBody().initCluster());
  return to_bytes(message);
}

steward::steward(steward_host& host, steward_config config) : host_(host), config_(std::move(config)) {
  sight_.cluster_id = config_.cluster_id;
  sight_.self = config_.self.id;
}

std::chrono::milliseconds steward::pace() const {
  auto* self = sight_.map.find(sight_.self);
  bool settling = changing_ || busy_ || !self || self->state == node_state::joining;
  if (settling) return config_.look_changing;
  return acts() ? config_.look_acting : config_.look_idle;
}

// --- what is seen

void steward::see_own(std::int64_t now_us, node_report report) {
  sight_.now_us = now_us;
  auto& own = sight_.nodes[sight_.self];
  own.connected = true;
  own.last_seen_us = now_us;
  report.moving = std::move(own.report.moving);
  report.map_version = sight_.map.version;
  std::sort(report.shards.begin(), report.shards.end(),
            [](const auto& a, const auto& b) { return a.shard < b.shard; });
  own.report = std::move(report);
  for (auto& [id, n] : sight_.nodes)
    if (id != sight_.self) n.connected = own.report.is_connected(id);
  compare_digests();
}

frame steward::question() const {
  return encode_membership({sight_.self, sight_.now_us, look{sight_.map.version}});
}

// Every replica of a shard takes the digest of its records at the same entries: who is not with most of them has others.
void steward::compare_digests() {
  for (auto& s : sight_.nodes[sight_.self].report.shards) {
    auto& known = mismatches_[s.shard];
    if (known.in != s.generation) known = {s.generation, 0, 0};
    if (s.votes() && s.digest_index > known.at && differs(sight_, s)) {
      known.at = s.digest_index;
      ++known.count;
      spdlog::error("shard {}: the records of this node differ from those of other replicas at entry {}",
                    s.shard.value, s.digest_index);
    }
    s.digest_mismatches = known.count;
  }
}

steward::urgency steward::heard(node_id peer, std::int64_t sent_us, std::int64_t received_us,
                                const frame& answer) {
  auto said = decode_membership(answer);
  auto* what = said ? std::get_if<reported>(&said->what) : nullptr;
  if (!what || (what->report.node.value != 0 && what->report.node != peer)) return urgency::none;
  auto again = urgency::none;
  if (what->map) {
    learn(std::move(*what->map));
    again = urgency::soon;
  }
  if (what->report.node.value == 0) return again;  // it has not looked yet
  auto& n = sight_.nodes[peer];
  if (n.last_seen_us == 0) again = urgency::soon;  // who asks is to see it
  n.report = std::move(what->report);
  n.last_seen_us = received_us;
  n.round_trip_us = received_us - sent_us;
  n.clock_offset_us = said->time_us - (sent_us + received_us) / 2;
  learn_places(n.report);
  learn_marks(n.report);
  return again;
}

void steward::learn_marks(const node_report& report) {
  if (!config_.marks) return;
  for (const auto& [node, mark] : report.marks) {
    auto* known = sight_.map.find(node);
    if (node == sight_.self)
      config_.marks->heard_of_self(mark, report.node);
    else if (known && known->state != node_state::left && known->state != node_state::joining)
      config_.marks->heard(node, mark);
  }
}

void steward::learn_places(const node_report& report) {
  if (!config_.directory) return;
  for (const auto& s : report.shards) {
    if (!s.votes()) continue;
    config_.directory->learn_voters(s.shard, s.generation, s.voters);
    if (s.leads()) config_.directory->learn_leader(s.shard, s.generation, s.term, report.node);
  }
}

void steward::learn(cluster_map map) {
  if (map.version <= sight_.map.version) return;
  sight_.map = std::move(map);
  if (config_.directory)
    for (const auto& s : sight_.map.shards) config_.directory->learn_voters(s.shard, s.generation, s.voters);
  std::erase_if(sight_.nodes, [&](const auto& seen) {
    auto* n = sight_.map.find(seen.first);
    return seen.first != sight_.self && (!n || n->state == node_state::left);
  });
  host_.map_changed(sight_.map);
}

// --- what is done

void steward::act() {
  announce();
  if (acts()) return act_as_leader();
  changing_ = false;
  changing_since_us_ = 0;
  sight_.nodes[sight_.self].report.moving.clear();
}

void steward::settled(std::uint64_t number, const result<std::string>& reply) {
  if (number != commands_ || !then_) return;
  busy_ = false;
  std::exchange(then_, nullptr)(reply);
}

}  // namespace troupe::node
