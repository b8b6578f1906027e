// A node's membership without its actor: looks at its own shards, asks the other nodes, and lets the steward decide. Reports
// are lost, late, and of before a crash; two nodes may believe to lead.
#pragma once

#include <functional>
#include <string>

#include "node/steward.hpp"
#include "protocol/network.hpp"
#include "tests/sim/world.hpp"

namespace troupe::sim {

class node;
class wire;

class membership final : private troupe::node::steward_host {
 public:
  using replied = std::function<void(const result<std::string>&)>;
  using asker = std::function<void(std::string command, replied done)>;

  // 'ask': commands to the system shard.
  membership(world& w, node& home, wire& wires, shard_directory& directory, asker ask);

  const cluster::cluster_map& map() const { return steward_.sight().map; }
  bool is_changing() const { return steward_.is_changing(); }

 private:
  void command(shard_id shard, std::string bytes, std::uint64_t number) override;
  void hand_over(shard_id shard, node_id to, std::uint64_t number) override;
  void learn_ahead(node_id newcomer, const troupe::node::learn_shard& what) override;
  void map_changed(const cluster::cluster_map&) override {}

  void look_in(std::chrono::milliseconds wait);
  void look();
  void refresh();
  void ask_peers();
  void ask_peer(node_id peer);
  void take_question(const frame& question, const network::reply_to& reply);
  void learn_here(const troupe::node::learn_shard& what);
  result<bool> hand_over_here(shard_id shard, node_id to);
  troupe::node::node_report report() const;
  void settle(std::uint64_t number, const result<std::string>& reply);
  void soon(std::chrono::milliseconds wait, std::function<void()> action);

  world& world_;
  node& home_;
  wire& wires_;
  asker ask_;
  troupe::node::steward steward_;
  troupe::node::node_report told_;  // what others are told: of the last look
  std::uint64_t looks_ = 0, due_ms_ = 0;
  generation first_seen_;  // plant::freeze_report
};

}  // namespace troupe::sim
