// What waits to be written to the log, and what a failed write means for it. Pure: the log writer brings thread and
// lock, the simulation its own disk.
//
// Each shard writes through a lane, which it opens anew whenever it opens itself.
//
// Invariants:
// - a group is written in the order it came, then made durable by one sync; it succeeds or fails as a whole;
// - once a group failed, no batch of the lanes in it is ever written, not even one that was queued before and that
//   the store would take: a shard's log cannot get a hole;
// - opening a lane ends the shard's earlier one: what is still queued there is refused.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "storage/kv.hpp"

namespace troupe::storage {

struct log_lane {
  shard_id shard;
  std::uint64_t number = 0;  // 0: of no writer
  bool operator==(const log_lane&) const = default;
};

class log_queue {
 public:
  // Of a batch, or of all up to it.
  using completion = std::function<void(const result<done>&)>;

  struct pending {
    log_lane lane;
    std::unique_ptr<kv_batch> batch;
    completion then;
    std::optional<failure> refused;  // by its lane: not to be written
  };
  using group = std::vector<pending>;

  log_lane open(shard_id shard);
  void push(const log_lane& lane, std::unique_ptr<kv_batch> batch, completion then);
  std::size_t size() const { return queue_.size(); }
  // The oldest, up to 'batches_max' of them.
  group take(std::size_t batches_max);
  // Writes what is not refused, then syncs once. Stops at the first failure: nothing of the group is durable then.
  static result<done> write(kv& store, const group& batches);
  // To be called before the next take(): ends the lanes of a group that failed.
  void settle(const group& batches, const result<done>& outcome);
  // Tells each lane once, by the completion of its last batch in the group: what holds for it holds for those before.
  static void complete(group& batches, const result<done>& outcome);

 private:
  struct lane_state {
    std::uint64_t number = 0;
    std::optional<failure> failed;
  };
  std::optional<failure> refusal_of(const log_lane& lane) const;

  std::deque<pending> queue_;
  std::map<shard_id, lane_state> lanes_;
  std::uint64_t opened_ = 0;
};

}  // namespace troupe::storage
