// One simulated machine with one member of the shard and the front that edges ask: a disk that is slow, fails and forgets,
// a clock that steps, and pauses.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "storage/log_queue.hpp"
#include "storage/state_transfer.hpp"
#include "tests/sim/front.hpp"
#include "tests/sim/wire.hpp"
#include "tests/sim/world.hpp"
#include "tests/support/memory_kv.hpp"

namespace troupe::sim {

inline constexpr shard_id the_shard = system_shard;
inline constexpr epoch the_history{77};

class node final : public storage::member_host {
 public:
  node(world& w, storage::shard_config config);
  ~node() override;

  node_id id() const { return config_.raft.self; }
  bool up() const { return member_ != nullptr; }
  // While up.
  sim::front& front() { return *front_; }
  const sim::front& front() const { return *front_; }
  wire& wires() { return *wires_; }
  // Up, and not halted by a failed write.
  bool sound() const { return up() && !member_->fault(); }
  // Null unless it votes.
  const storage::shard* replica() const { return up() ? member_->replica() : nullptr; }
  bool leads() const { return sound() && replica() && replica()->status().role == raft_role::leader; }
  const storage::member& member() const { return *member_; }
  storage::instant clock() const;
  const testing::memory_kv& store() const { return store_; }
  bool installing() const { return taker_ || (up() && member_->importing()); }
  bool writing() const { return disk_queue_.size() != 0; }

  void start();
  void crash();
  // Makes the store show what was applied, as a reader does first.
  void write_out();
  void pause(std::uint64_t ms);
  void step_clock(std::int64_t us) { wall_offset_us_ += us; }
  void slow_disk(std::uint64_t ms) { disk_ms_max_ = ms; }
  void fail_disk();
  result<term> transfer(node_id to);
  // A seal may make it a voter.
  void learn(node_id from, troupe::generation of);
  // Runs when the node is not paused, unless its process ended since.
  void while_running(std::uint64_t ms, std::function<void()> action);

  void receive(node_id from, channel by, std::string bytes);
  // Answered once, unless the node crashes first.
  void propose(std::string command, std::function<void(result<std::string>)> done);
  void read(std::function<void(std::optional<log_index>)> done);
  // What this replica shows, if it has one.
  std::optional<log_index> peek();
  // An encoded schema::Query, of the records as they are shown.
  std::string answer(const std::string& query);
  troupe::feed_position where() const;

  // shard_host
  void write(std::unique_ptr<storage::kv_batch> batch, write_ticket ticket) override;
  void send(node_id to, std::string message) override;
  void replied(storage::request_id id, result<std::string> reply) override;
  void applied(log_index index, term at, std::string_view changes) override;
  void take_digest(log_index at) override;
  void published(std::string feed) override { front_->feeds().published(std::move(feed)); }
  void role_changed(raft_role role, term at, node_id leader) override;
  void read_ready(read_id id) override;
  void read_failed(read_id id) override;
  void send_generation(node_id to, std::string message) override;
  void pull_state(const storage::state_request& wanted) override;
  void import_soon() override;
  void generation_changed(troupe::generation now, const std::vector<node_id>& voters) override;
  void halted(const failure& why) override;
  std::pair<std::uint64_t, std::uint64_t> entropy() override;

 private:
  // The same, unless the member began anew since.
  void later(std::uint64_t ms, std::function<void()> action);
  void run_or_stall(std::uint64_t life, std::function<void()> action);
  void wake_up();
  void begin();
  void lost(node_id peer);
  log_index shown() const;
  void tell_voters();
  void arm();
  void pump_disk();
  void write_group_after(std::uint64_t ms);
  void disk_done(std::size_t count);
  result<storage::done> write_unsynced(const storage::log_queue::group& group);
  void write_done(write_ticket ticket, const result<storage::done>& outcome);
  void reopen(std::uint64_t delay_ms);
  void stop_member();
  void ask_chunk(std::uint64_t number);
  void take_chunk(std::uint64_t number, const std::string& answer);
  std::string give(node_id to, const std::string& question);
  void check_batch(const testing::memory_kv::batch& batch);
  void check_records(const testing::memory_kv::batch& batch);
  void check_message(const std::string& bytes) const;
  void check_stored(log_index index, const char* what) const;
  void note_durable(const testing::memory_kv::batch& batch);
  void load_durable();
  void forget_left();
  void forget_import();
  void forget_applied(const std::string& stale);

  world& world_;
  storage::shard_config config_;
  testing::memory_kv store_;
  std::unique_ptr<storage::member> member_;
  std::uint64_t incarnation_ = 0;  // of the member
  std::uint64_t life_ = 0;         // of the process
  std::unique_ptr<wire> wires_;
  std::unique_ptr<sim::front> front_;
  troupe::generation told_voters_;
  std::uint64_t armed_for_ = 0, timer_ = 0;
  std::uint64_t paused_until_ = 0;
  std::deque<std::function<void()>> stalled_;
  std::uint64_t disk_ms_max_ = 2;
  std::int64_t wall_offset_us_ = 0;
  // What is on the disk for certain: hashes of the log's records, and the hard state.
  std::map<log_index, std::uint64_t> durable_log_;
  hard_state durable_hard_;
  log_index durable_snapshot_;
  storage::log_queue disk_queue_;
  storage::log_lane lane_;
  bool disk_busy_ = false;
  std::unique_ptr<storage::state_taker> taker_;
  storage::state_giver giver_;
  std::uint64_t pulls_ = 0;
  bool replacing_ = false;  // of the records: erased, the applied index not yet written
  log_index last_applied_;
  std::optional<std::string> stale_applied_;  // the stored applied state before the last batch
  std::uint64_t next_request_ = 0;
  std::map<storage::request_id, std::function<void(result<std::string>)>> requests_;
  std::map<read_id, std::function<void(std::optional<log_index>)>> reads_;
};

}  // namespace troupe::sim
