// One simulated machine with one replica of the shard: a disk that is slow, fails and forgets, a clock that steps, and pauses.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "storage/shard.hpp"
#include "tests/sim/world.hpp"
#include "tests/support/memory_kv.hpp"

namespace troupe::sim {

inline constexpr shard_id the_shard{3};
inline constexpr epoch the_history{77};

class node final : public storage::shard_host {
 public:
  node(world& w, storage::shard_config config);
  ~node() override;

  node_id id() const { return config_.raft.self; }
  bool up() const { return shard_ != nullptr; }
  // Up, and not halted by a failed write.
  bool sound() const { return up() && !shard_->fault(); }
  bool leads() const { return sound() && shard_->status().role == raft_role::leader; }
  const storage::shard& shard() const { return *shard_; }
  const testing::memory_kv& store() const { return store_; }
  bool installing() const { return pull_.has_value(); }

  void start();
  void crash();
  void pause(std::uint64_t ms);
  void step_clock(std::int64_t us) { wall_offset_us_ += us; }
  void slow_disk(std::uint64_t ms) { disk_ms_max_ = ms; }
  void fail_disk();
  void transfer();

  void receive(node_id from, std::string bytes);
  // Answered once, unless the node crashes first.
  void propose(std::string command, std::function<void(result<std::string>)> done);
  void read(std::function<void(std::optional<log_index>)> done);

  // shard_host
  void write(std::unique_ptr<storage::kv_batch> batch, write_ticket ticket) override;
  void send(node_id to, std::string message) override;
  void replied(storage::request_id id, result<std::string> reply) override;
  void published(std::string) override {}
  void role_changed(raft_role role, term at, node_id leader) override;
  void read_ready(read_id id) override;
  void read_failed(read_id id) override;
  void pull_snapshot(node_id from, const snapshot_point& point) override;
  void halted(const failure& why) override;
  std::pair<std::uint64_t, std::uint64_t> entropy() override;

 private:
  struct queued_write {
    std::unique_ptr<storage::kv_batch> batch;
    write_ticket ticket;
  };
  struct pull {
    node_id from;
    snapshot_point point;
    int attempts = 0;
  };

  // Runs when the node is not paused, unless it crashed or began anew since.
  void later(std::uint64_t ms, std::function<void()> action);
  void resume_paused(std::uint64_t incarnation, std::function<void()> action);
  storage::instant clock() const;
  void arm();
  void pump_disk();
  void disk_done(std::size_t count);
  void reopen(std::uint64_t delay_ms);
  void stop_shard();
  void try_pull();
  void check_batch(const testing::memory_kv::batch& batch);
  void check_records(const testing::memory_kv::batch& batch);
  void check_message(const std::string& bytes) const;
  void check_stored(log_index index, const char* what) const;
  void note_durable(const testing::memory_kv::batch& batch);
  void load_durable();
  void forget_applied(const std::string& stale);

  world& world_;
  storage::shard_config config_;
  testing::memory_kv store_;
  std::unique_ptr<storage::shard> shard_;
  std::uint64_t incarnation_ = 0;
  std::uint64_t armed_for_ = 0, timer_ = 0;
  std::uint64_t paused_until_ = 0;
  std::uint64_t disk_ms_max_ = 2;
  std::int64_t wall_offset_us_ = 0;
  // What is on the disk for certain: hashes of the log's records, and the hard state.
  std::map<log_index, std::uint64_t> durable_log_;
  hard_state durable_hard_;
  log_index durable_snapshot_;
  std::deque<queued_write> disk_queue_;
  bool disk_busy_ = false;
  std::optional<pull> pull_;
  std::optional<std::string> stale_applied_;  // the stored applied state before the last entry
  std::uint64_t next_request_ = 0;
  std::map<storage::request_id, std::function<void(result<std::string>)>> requests_;
  std::map<read_id, std::function<void(std::optional<log_index>)>> reads_;
};

}  // namespace troupe::sim
