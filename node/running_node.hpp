// A whole node, from settings to listeners: starts everything in order and takes it down in order.
//
// Up:   engine, edge, first key, ops, admin; then clients are let in, it is ready and says where it listens.
// Down: unready first, then clients are asked to come back, commands in flight are answered, and the rest goes; probes
//       and metrics answer until nearly the end. A node that is killed at any of these moments loses nothing.
// start() and stop() are called from one thread: see engine.hpp.
#pragma once

#include <atomic>
#include <memory>

#include "http/edge.hpp"
#include "node/admin.hpp"
#include "node/banner.hpp"
#include "node/engine.hpp"
#include "node/health.hpp"
#include "node/metrics.hpp"
#include "node/ops.hpp"

namespace troupe::node {

class running_node {
 public:
  static result<std::unique_ptr<running_node>> start(const config& c);
  ~running_node();

  const banner_facts& facts() const { return facts_; }
  // Drains and ends everything. Called once.
  void stop();

 private:
  explicit running_node(const config& c) : config_(c) {}

  result<bool> start_engine();
  result<bool> start_edge();
  result<bool> start_cluster();
  result<bool> start_ops();
  result<bool> start_admin();
  void start_health();
  void wait_until_ready();
  std::vector<std::string> own_problems() const;
  void say_ready() const;
  void fill_status(schema::NodeStatus::Builder out) const;

  config config_;
  std::unique_ptr<engine> engine_;
  std::unique_ptr<health> health_;
  std::unique_ptr<ingest::price_table> prices_;
  std::unique_ptr<metrics> metrics_;
  std::unique_ptr<http::edge> edge_;
  std::unique_ptr<ops_listener> ops_;
  caf::actor admin_;
  std::optional<listen_address> admin_address_, cluster_address_;
  std::atomic<std::uint16_t> admin_port_{0};  // 0: not listening
  banner_facts facts_;
  std::int64_t started_us_ = 0;
  bool was_ready_ = false, stopped_ = false;
};

}  // namespace troupe::node
