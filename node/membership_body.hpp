// The actor behind membership.hpp: looks at its own shards and asks the other nodes, now and then and when something
// happened; publishes what its steward sees, and carries out what that wants (steward.hpp).
#pragma once

#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>

#include <map>
#include <mutex>
#include <set>

#include "node/membership.hpp"
#include "node/membership_view.hpp"
#include "node/steward.hpp"

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

class membership::body final : public caf::event_based_actor, private steward_host {
 public:
  body(caf::actor_config& cfg, membership_sources from, std::shared_ptr<common> shared);
  const char* name() const override { return "membership"; }
  void on_exit() override;

 protected:
  caf::behavior make_behavior() override;

 private:
  void look_in(std::chrono::milliseconds wait);
  void look();
  void freshen();
  void ask_own();
  void ask_shards();
  void ask_map();
  void ask_peers();
  void one_answered();
  void looked();
  node_report own_report();
  void publish();
  membership_figures count(const std::vector<problem>& problems) const;
  void hand_over_here(std::uint64_t question, shard_id shard, node_id to);
  void pass_on(std::uint64_t question, shard_id shard, node_id to);
  void settle_question(std::uint64_t question, const frame& answer);
  const cluster_sight& sight() const { return steward_.sight(); }

  // --- steward_host
  void command(shard_id shard, std::string bytes, std::uint64_t number) override;
  void hand_over(shard_id shard, node_id to, std::uint64_t number) override;
  void learn_ahead(node_id newcomer, const learn_shard& what) override;
  void map_changed(const cluster::cluster_map& map) override;

  membership_sources from_;
  std::shared_ptr<common> shared_;
  steward steward_;
  std::vector<shard_report> own_;
  std::size_t asking_ = 0;
  bool freshening_ = false;  // of what is being asked only the report is to come
  std::uint64_t armed_ = 0, looks_ = 0;
  std::chrono::steady_clock::time_point due_;
};

}  // namespace troupe::node
