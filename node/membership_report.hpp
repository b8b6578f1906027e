// What a node says of itself to the others: the values, and the frames that carry them (schema/membership.capnp). Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "actors/cluster/map.hpp"
#include "protocol/frame.hpp"
#include "protocol/result.hpp"
#include "protocol/schema/membership.capnp.h"
#include "storage/rollback_guard.hpp"

namespace troupe::node {

// A node's own part in a shard: what ShardStatus says.
struct shard_report {
  shard_id shard;
  std::string role, fault;
  troupe::generation generation;
  std::vector<node_id> voters;
  troupe::term term;
  node_id leader;
  std::uint64_t commit = 0, applied = 0, last = 0, first = 0, last_seq = 0, bytes = 0;
  std::uint64_t digest_index = 0, digest = 0, digest_mismatches = 0;

  bool votes() const { return role == "leader" || role == "follower" || role == "candidate"; }
  bool leads() const { return role == "leader"; }
  bool learns() const { return role == "learning"; }
};

struct node_report {
  node_id node;
  std::string version;
  std::uint32_t level = 0;
  std::int64_t started_us = 0;
  bool ready = false;
  std::vector<std::string> problems;
  std::vector<node_id> connected;
  std::vector<shard_report> shards;  // by shard
  std::uint64_t resident_bytes = 0, disk_free_bytes = 0;
  std::int64_t certificate_expires_us = 0;
  std::uint64_t map_version = 0;
  std::vector<shard_id> moving;
  std::vector<storage::seen_mark> marks;  // of all nodes, as far as it knows

  bool is_connected(node_id to) const;
  const shard_report* of(shard_id shard) const;
};

shard_report read_status(schema::ShardStatus::Reader in);
node_report read_report(schema::NodeReport::Reader in);
void write_report(const node_report& report, schema::NodeReport::Builder out);

// --- the frames

struct look {
  std::uint64_t map_version = 0;  // that the asker has
};
struct reported {
  node_report report;
  std::optional<cluster::cluster_map> map;  // where it is newer than the asker's
};
struct hand_over {
  shard_id shard;
  node_id to;  // 0: whichever other voter
};
struct learn_shard {
  shard_id shard;
  troupe::generation of;  // that is to be sealed
  node_id from;
};
struct obeyed {};

struct membership_message {
  node_id from;
  std::int64_t time_us = 0;  // the sender's clock
  std::variant<look, reported, hand_over, obeyed, failure, learn_shard> what;
};

frame encode_membership(const membership_message& m);
// errc::corrupt or unsupported if it is none.
result<membership_message> decode_membership(const frame& f);

}  // namespace troupe::node
