#include "storage/log_queue.hpp"

#include <algorithm>

namespace troupe::storage {

log_lane log_queue::open(shard_id shard) {
  lanes_[shard] = {++opened_, std::nullopt};
  return {shard, opened_};
}

void log_queue::push(const log_lane& lane, std::unique_ptr<kv_batch> batch, completion then) {
  queue_.push_back({lane, std::move(batch), std::move(then), std::nullopt});
}

std::optional<failure> log_queue::refusal_of(const log_lane& lane) const {
  auto at = lanes_.find(lane.shard);
  if (at == lanes_.end() || at->second.number != lane.number)
    return failure{errc::unavailable, "the shard was opened again before this was written"};
  return at->second.failed;
}

log_queue::group log_queue::take(std::size_t batches_max) {
  group taken;
  auto count = std::min(batches_max, queue_.size());
  taken.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    taken.push_back(std::move(queue_.front()));
    queue_.pop_front();
    taken.back().refused = refusal_of(taken.back().lane);
  }
  return taken;
}

result<done> log_queue::write(kv& store, const group& batches) {
  bool any = false;
  for (const auto& p : batches) {
    if (p.refused) continue;
    if (auto written = store.write(*p.batch, durability::logged); !written) return written;
    any = true;
  }
  return any ? store.sync() : result<done>(done{});
}

void log_queue::settle(const group& batches, const result<done>& outcome) {
  if (outcome) return;
  // Not even what was written before the failure may be taken as durable.
  for (const auto& p : batches) {
    auto& lane = lanes_[p.lane.shard];
    if (!p.refused && lane.number == p.lane.number) lane.failed = outcome.error();
  }
}

void log_queue::complete(group& batches, const result<done>& outcome) {
  auto speaks_for = [&](std::size_t earlier, std::size_t later) {
    return batches[earlier].lane == batches[later].lane &&
           batches[earlier].refused.has_value() == batches[later].refused.has_value();
  };
  for (std::size_t i = 0; i < batches.size(); ++i) {
    bool is_last = true;
    for (auto j = i + 1; j < batches.size() && is_last; ++j) is_last = !speaks_for(i, j);
    auto& p = batches[i];
    if (is_last) p.then(p.refused ? result<done>(*p.refused) : outcome);
  }
}

}  // namespace troupe::storage
