// Clients that send commands and reads to nodes they cannot trust to answer: they retry with the same ids and
// Idempotency-Key until they know, sometimes give up, and remember what they were told. One speaks to the shard itself, the
// others to the front of any node, as the edge does; what these send without a key they send once.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "protocol/uuid.hpp"
#include "tests/sim/world.hpp"

namespace troupe::sim {

class workload {
 public:
  explicit workload(world& w);

  // Begins to issue.
  void start();
  // The chaos is over: every client finishes what it does, then issues a last few commands and reads.
  void wind_down();
  bool finished() const { return waiting().empty(); }
  // Who is not done, with what and at which node; empty: all are.
  std::string waiting() const;
  // Each acknowledged command took effect exactly once in this state, every other at most once.
  void audit(const storage::kv_reader& state) const;

 private:
  enum class kind : std::uint8_t {
    events,
    task,
    keyless_task,
    claim,
    heartbeat,
    dashboard,
    noop,
    read,
    peek
  };
  struct operation {
    std::uint64_t number = 0;  // over all clients; 0: none
    kind what = kind::noop;
    std::string command;
    std::vector<uuid> event_ids;
    std::string task_name;
    std::string dashboard;
    log_index floor;  // acknowledged before it was sent
    int sent = 0;
    int attempt = 0;                   // replies and deadlines of earlier attempts are told apart by it
    std::optional<std::string> reply;  // of a command with an Idempotency-Key
  };
  struct request {  // an operation on its way
    std::size_t client = 0;
    std::uint64_t number = 0;
    kind what = kind::noop;
    std::string command;
    node_id target;
  };
  using way_back = std::function<void(std::function<void()>)>;
  struct client {
    operation now;
    node_id target{1};
    std::uint64_t left = ~std::uint64_t{0};  // operations to issue
  };

  void issue_after(std::size_t c, std::uint64_t ms);
  void issue(std::size_t c);
  operation make(std::size_t c);
  void send(std::size_t c);
  void ask_shard(node& to, const request& r, const way_back& back);
  void ask_front(node& to, const request& r, const way_back& back);
  void retry_after(std::size_t c, std::uint64_t ms, bool elsewhere);
  void on_reply(std::size_t c, std::uint64_t number, node_id by, result<std::string> reply);
  void on_read(std::size_t c, std::uint64_t number, std::optional<log_index> seen);
  void on_success(std::size_t c, node_id by, const std::string& reply);
  void give_up(std::size_t c);
  void probe();
  void audit_dashboards(const storage::kv_reader& state) const;
  std::string encode(operation& op);

  world& world_;
  std::vector<client> clients_;
  std::uint64_t operations_ = 0;
  std::uint64_t think_ms_max_;
  std::map<uuid, bool> events_;                                 // acknowledged?
  std::map<std::string, bool> tasks_;                           // by name: acknowledged?
  std::map<std::string, bool> dashboards_;                      // by id: acknowledged?
  std::vector<std::pair<std::string, std::string>> claimable_;  // agent, task
};

}  // namespace troupe::sim
