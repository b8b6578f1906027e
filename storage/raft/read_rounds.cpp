// See read_rounds.hpp.
#include "storage/raft/read_rounds.hpp"

namespace troupe {

std::optional<std::uint64_t> read_rounds::begin(log_index index) {
  if (running() || waiting_.empty()) return std::nullopt;
  asked_.swap(waiting_);
  asked_index_ = index;
  confirmed_.clear();
  ++round_;
  finish_if_confirmed();
  return round_;
}

void read_rounds::confirm(node_id voter, std::uint64_t round) {
  if (!running() || round != round_) return;
  confirmed_.insert(voter);
  finish_if_confirmed();
}

void read_rounds::finish_if_confirmed() {
  if (confirmed_.size() + 1 <= voters_ / 2) return;
  for (auto id : asked_) ready_.push_back({id, asked_index_});
  asked_.clear();
}

std::vector<read_rounds::ready_read> read_rounds::take_ready(log_index applied) {
  std::vector<ready_read> out;
  auto end = ready_.begin();
  while (end != ready_.end() && end->index <= applied) ++end;
  out.assign(ready_.begin(), end);
  ready_.erase(ready_.begin(), end);
  return out;
}

std::vector<read_id> read_rounds::take_all() {
  std::vector<read_id> out;
  for (const auto& r : ready_) out.push_back(r.id);
  out.insert(out.end(), asked_.begin(), asked_.end());
  out.insert(out.end(), waiting_.begin(), waiting_.end());
  ready_.clear();
  asked_.clear();
  waiting_.clear();
  return out;
}

}  // namespace troupe
