// The actor behind membership.hpp: looks at its own shards and asks the other nodes, now and then and when something
// happened; publishes what it sees; and acts while its node leads the system shard (membership_acting.cpp).
#pragma once

#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>

#include <map>
#include <mutex>
#include <set>

#include "node/membership.hpp"
#include "node/membership_view.hpp"

namespace troupe::node {

// What the actor shares with whoever asks. Outlives it.
struct membership::common {
  mutable std::mutex mutex;
  cluster::cluster_map map;
  node_report report;  // of this node
  std::shared_ptr<const std::string> view;
  membership_figures figures;
  std::set<node_id> connected;
  std::map<std::uint64_t, network::reply_to> handing;  // questions to hand a shard over
  std::uint64_t questions = 0;
  caf::actor body;  // null at the end

  // Tells the actor, if it is there.
  template <class... Parts>
  void tell(Parts&&... parts) const {
    std::unique_lock lock(mutex);
    auto to = body;
    lock.unlock();
    if (to) caf::anon_send(to, std::forward<Parts>(parts)...);
  }
};

// Answers of shards and peers as values.
result<cluster::cluster_map> map_in(const result<std::string>& reply);
std::string encoded_cluster_command(const std::function<void(schema::ClusterCommand::Builder)>& fill);

class membership::body final : public caf::event_based_actor {
 public:
  body(caf::actor_config& cfg, membership_sources from, std::shared_ptr<common> shared);
  const char* name() const override { return "membership"; }
  void on_exit() override;

 protected:
  caf::behavior make_behavior() override;

 private:
  // --- looking (membership_body.cpp)
  void look_in(std::chrono::milliseconds wait);
  void look();
  void freshen();
  void ask_own();
  void ask_shards();
  void ask_map();
  void ask_peers();
  void one_answered();
  void looked();
  void heard(node_id peer, std::int64_t sent_us, std::int64_t received_us, const frame& answer);
  void learn(cluster::cluster_map map);
  void learn_places(const node_report& report);
  void learn_marks(const node_report& report);
  void refresh_own();
  void compare_digests();
  void publish();
  membership_figures count(const std::vector<problem>& problems) const;
  void hand_over_here(std::uint64_t question, shard_id shard, node_id to);
  void pass_on(std::uint64_t question, shard_id shard, node_id to);
  void settle_question(std::uint64_t question, const frame& answer);
  std::chrono::milliseconds pace() const;

  // --- acting (membership_acting.cpp)
  bool acts() const;
  void announce();
  void act();
  bool found();
  bool record(const cluster::known_cluster& known);
  bool finish_removals(const cluster::known_cluster& known);
  bool raise_level();
  bool waits_for_change(const cluster::known_cluster& known);
  bool place(const cluster::known_cluster& known);
  bool prepares(const cluster::known_shard& shard, const cluster::placement_step& step);
  bool has_learnt(node_id newcomer, const shard_report& truth);
  bool lead_elsewhere_first(const cluster::known_shard& shard, const cluster::placement_step& step);
  void expect_leaders(cluster::known_cluster& known);
  void hand_over(const cluster::transfer_step& step);
  void seal(const cluster::placement_step& step);
  std::string names(const std::vector<node_id>& nodes) const;

  using outcome = std::function<void(const result<std::string>& reply)>;
  // One command at a time: 'then' is called when its reply is there.
  void command(shard_id shard, std::string bytes, outcome then);
  void change_map(const std::function<void(schema::ClusterCommand::Builder)>& fill, std::string_view what);

  membership_sources from_;
  std::shared_ptr<common> shared_;
  cluster_sight sight_;
  std::vector<shard_report> own_;
  std::size_t asking_ = 0;
  bool freshening_ = false;  // of what is being asked only the report is to come
  // Of this node's replicas: the last digest that was found to be another than those of the others, and how many were.
  struct mismatches {
    generation in;
    std::uint64_t at = 0, count = 0;
  };
  std::map<shard_id, mismatches> mismatches_;
  std::uint64_t armed_ = 0, looks_ = 0;
  std::chrono::steady_clock::time_point due_;

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

}  // namespace troupe::node
