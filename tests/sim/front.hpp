// What a node runs above its shard, as actors/runtime starts it, without actors: the directory, the links to its peers and a
// gateway's dispatch, the feeds and membership. Edges ask it; it asks the shard here or the fronts of other nodes. Lives as
// long as the process does: longer than a replica that halts and opens again.
//
// Checked here: a call is answered once, and by its deadline; who reaches no other voter refuses at once.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "actors/runtime/dispatch.hpp"
#include "tests/sim/feeds.hpp"
#include "tests/sim/membership.hpp"
#include "tests/sim/world.hpp"

namespace troupe::sim {

class node;
class wire;

class front final : private dispatch_host {
 public:
  front(world& w, node& home, wire& wires);
  ~front() override;

  // 'payload': a command or a query.
  void ask(request_kind kind, std::string payload, client::answer done);
  sim::feeds& feeds() { return feeds_; }
  const membership& members() const { return members_; }

  // What the shard tells of itself.
  void learn_voters(generation in, const std::vector<node_id>& voters);
  void learn_leader(generation in, term at, node_id leader);

 private:
  using clock = std::chrono::steady_clock;

  clock::time_point now() const override;
  void ask_here(const call_ptr& call, frame request, asked how) override;
  std::function<void(result<frame>)> mailbox(const call_ptr& call) override;
  void probe_after(std::chrono::milliseconds wait, shard_id shard) override;
  void repeat_after(std::chrono::milliseconds wait, const call_ptr& call) override;
  void sweep_after(std::chrono::milliseconds wait) override;
  std::string draw_text() override;

  void listen();
  void place_changed();
  void soon(std::chrono::milliseconds wait, std::function<void()> action);
  void answer_command(const call_ptr& call, const result<std::string>& reply);
  void answer_query(const call_ptr& call, const std::string& query, std::optional<log_index> seen);
  // Settled, and none of the other voters can be reached.
  bool is_isolated() const;

  world& world_;
  node& home_;
  wire& wires_;
  shard_directory directory_;
  const std::shared_ptr<peer_links> links_;
  const std::chrono::milliseconds wait_max_;
  dispatch dispatch_;
  sim::feeds feeds_;
  membership members_;
};

}  // namespace troupe::sim
