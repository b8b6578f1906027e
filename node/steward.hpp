// What a node makes of its cluster and does about it: it gathers what the others say of themselves, announces itself, and
// while it leads the system shard it acts: founds the map, records generations, seals one shard after the other until the
// voters are where placement wants them, and hands leaders around. Pure: its host brings time, reports and answers, and
// carries out what it wants; it belongs to the host's thread. In a node that is the membership's actor.
//
// Invariants:
// - one command or hand-over at a time; an answer to an earlier one is not listened to;
// - what is recorded is what voters report: the seal is the truth, the map may lag;
// - one shard changes at a time, and the next one only when all its living voters have caught up, or it takes for ever.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "actors/cluster/map.hpp"
#include "actors/runtime/shard_directory.hpp"
#include "node/membership_view.hpp"
#include "storage/rollback_guard.hpp"

namespace troupe::node {

class steward_host {
 public:
  virtual ~steward_host() = default;
  // An encoded schema::Command to a shard, wherever it is led; then settled() with its reply, not within this call.
  virtual void command(shard_id shard, std::string bytes, std::uint64_t number) = 0;
  // The shard's leader is to hand it over; then settled() with anything good, or with why not.
  virtual void hand_over(shard_id shard, node_id to, std::uint64_t number) = 0;
  // That node is to learn a shard, which a seal may give it; nobody waits for an answer.
  virtual void learn_ahead(node_id newcomer, const learn_shard& what) = 0;
  virtual void map_changed(const cluster::cluster_map& map) = 0;
};

struct steward_config {
  std::string cluster_id;
  cluster::node_facts self;  // as announced
  std::uint16_t shard_count = 0;
  shard_directory* directory = nullptr;            // outlives it; null: nobody asks where shards are
  std::shared_ptr<storage::rollback_guard> marks;  // null: alone
  // How often to look: while something changes, while it acts, and else.
  std::chrono::milliseconds look_changing{100}, look_acting{500}, look_idle{2000};
  // Leaders are handed around only after so long without a change.
  std::chrono::milliseconds leaders_rest{3000};
};

class steward {
 public:
  steward(steward_host& host, steward_config config);

  const cluster_sight& sight() const { return sight_; }

  // What this node reports of itself, whom it is connected with included.
  void see_own(std::int64_t now_us, node_report own);
  // What it asks each of the others; heard() takes the answers.
  frame question() const;
  enum class urgency : std::uint8_t { none, soon };
  // Whether to look again soon.
  urgency heard(node_id peer, std::int64_t sent_us, std::int64_t received_us, const frame& answer);
  void learn(cluster::cluster_map map);

  // Once in a look, after see_own(): the shards' marks, then announce itself and act.
  void move_marks() { sight_.move_marks(); }
  void act();
  void settled(std::uint64_t number, const result<std::string>& reply);

  // Until the next look.
  std::chrono::milliseconds pace() const;
  bool is_changing() const { return changing_; }
  std::uint64_t seals() const { return seals_; }
  std::uint64_t transfers() const { return transfers_; }
  void clear() { then_ = nullptr; }

 private:
  void learn_places(const node_report& report);
  void learn_marks(const node_report& report);
  void compare_digests();

  // --- acting (steward_acting.cpp)
  bool acts() const;
  void announce();
  void act_as_leader();
  bool found();
  bool record(const cluster::known_cluster& known);
  bool finish_removals(const cluster::known_cluster& known);
  bool raise_level();
  bool waits_for_change(const cluster::known_cluster& known);
  bool place(const cluster::known_cluster& known);
  bool prepares(const cluster::known_shard& shard, const cluster::placement_step& step);
  bool has_learnt(node_id newcomer, const shard_report& truth) const;
  bool lead_elsewhere_first(const cluster::known_shard& shard, const cluster::placement_step& step);
  void expect_leaders(cluster::known_cluster& known);
  void hand_over(const cluster::transfer_step& step);
  void seal(const cluster::placement_step& step);
  std::string names(const std::vector<node_id>& nodes) const;

  using outcome = std::function<void(const result<std::string>& reply)>;
  void command(shard_id shard, std::string bytes, outcome then);
  void change_map(const std::function<void(schema::ClusterCommand::Builder)>& fill, std::string_view what);

  steward_host& host_;
  const steward_config config_;
  cluster_sight sight_;
  // Of this node's replicas: the last digest that was found to be another than those of the others, and how many were.
  struct mismatches {
    generation in;
    std::uint64_t at = 0, count = 0;
  };
  std::map<shard_id, mismatches> mismatches_;

  bool busy_ = false;  // a command or a transfer is on its way
  outcome then_;
  std::uint64_t commands_ = 0;
  bool changing_ = false;
  std::int64_t changing_since_us_ = 0;          // 0: all is settled
  std::int64_t changed_us_ = 0;                 // when a generation was last seen to begin
  std::map<shard_id, std::int64_t> handed_us_;  // before a seal
  struct handed {
    node_id to;
    std::int64_t at_us = 0;
  };
  std::map<shard_id, handed> handed_;  // lately, for whatever reason
  // What the newcomers of a step have learnt, and when that was last more.
  struct preparation {
    generation of;
    std::uint64_t learnt = 0;
    std::int64_t moved_us = 0, asked_us = 0;
  };
  std::map<shard_id, preparation> preparing_;
  std::map<shard_id, generation> sealed_;  // by this node, until somebody reports it
  std::uint64_t seals_ = 0, transfers_ = 0;
  std::int64_t announce_after_us_ = 0;
  std::string complaint_;  // logged last
};

// Answers of the system shard and commands to it, as values.
result<cluster::cluster_map> map_in(const result<std::string>& reply);
std::string encoded_cluster_command(const std::function<void(schema::ClusterCommand::Builder)>& fill);

}  // namespace troupe::node
