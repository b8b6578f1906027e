// The cluster as one node sees it: the map, and what each node said last. From it come what placement has to know, what is
// wrong and what to do about it, and what is shown. Pure: time is handed in.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "actors/cluster/placement.hpp"
#include "node/membership_report.hpp"

namespace troupe::node {

// What is known of one node.
struct seen_node {
  node_report report;
  bool connected = false;            // with the node that looks; true of itself
  std::int64_t last_seen_us = 0;     // when the report came, 0: never
  std::int64_t clock_offset_us = 0;  // its clock less ours
  std::int64_t round_trip_us = 0;
};

// What a shard had committed when its generation was first seen, later some seconds ago. Reports are never of the same
// moment, so that under load nobody seems to have what was committed just now.
struct shard_mark {
  generation of;
  std::uint64_t commit = 0, next = 0;
  std::int64_t next_us = 0;  // when 'next' was seen
};

struct cluster_sight {
  std::string cluster_id;
  node_id self;
  cluster::cluster_map map;
  std::map<node_id, seen_node> nodes;
  std::map<shard_id, shard_mark> marks;
  std::int64_t now_us = 0;

  // To be called after each look.
  void move_marks();
  const seen_node* seen(node_id id) const;
  // Connected, heard of lately, and connected with most of the others that are.
  bool is_alive(node_id id) const;
  // The newest report of those who vote there; of the one that leads, if somebody does.
  const shard_report* truth(shard_id shard) const;
};

// A report older than this says nothing about now.
inline constexpr std::int64_t report_us_max = 5'000'000;
// A voter that is further behind, and behind the shard's mark, has not caught up.
inline constexpr std::uint64_t settled_lag_max = 256;

cluster::known_cluster known_of(const cluster_sight& sight);

// Others took the digest of their records at the same entry as this replica, and at least as many have another one as have
// the same.
bool differs(const cluster_sight& sight, const shard_report& mine);

enum class severity : std::uint8_t { warning, error };

struct problem {
  severity how = severity::warning;
  std::string what, advice;

  bool operator==(const problem&) const = default;
};

// Errors first. Empty: all is well.
std::vector<problem> diagnose(const cluster_sight& sight);

// An encoded schema::ClusterView.
std::string encode_view(const cluster_sight& sight, const std::vector<problem>& problems);

}  // namespace troupe::node
