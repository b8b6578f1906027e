// Those who run the cluster: they let nodes in, drain, replace and remove them, and change what is wanted, through the front
// of whichever node, and ask again when it does not answer.
#pragma once

#include <functional>
#include <string>

#include "actors/cluster/map.hpp"
#include "tests/sim/world.hpp"

namespace troupe::sim {

class admin {
 public:
  explicit admin(world& w) : world_(w) {}

  void start() { next(); }
  // Nothing is asked any more but that things move.
  void wind_down();
  // What the leader's map wants is so: its nodes are in or out, the shards where it says, and as it wants them.
  bool is_settled(const node& leader, std::string& why) const;

 private:
  using fill = std::function<void(schema::ClusterCommand::Builder)>;

  void next();
  void let_in(node_id stranger);
  void change_one(const cluster::cluster_map& map);
  void change_settings();
  void resume_moving();
  void ask(const fill& what, std::function<void(const result<cluster::cluster_map>&)> done);
  const cluster::cluster_map& some_map() const;

  world& world_;
  std::uint64_t invitations_ = 0;
  bool moves_ = false;  // at the end
};

}  // namespace troupe::sim
