// What a node's disk and messages must not show: see oracle.hpp.
#include "protocol/envelope.hpp"
#include "storage/raft/message.hpp"
#include "storage/snapshot.hpp"
#include "tests/sim/node.hpp"
#include "tests/sim/stored.hpp"

namespace troupe::sim {

using op_kind = testing::memory_kv::op_kind;
using storage::column;

void node::check_batch(const testing::memory_kv::batch& batch) {
  const std::string* value = nullptr;
  for (const auto& o : batch.ops) {
    bool records = o.kind == op_kind::erase_range && o.where == column::state;
    // Not of a node that leaves: that erases its log in the same batch.
    replacing_ = (replacing_ || records) && !(o.kind == op_kind::erase_range && o.where == column::log);
    if (o.where == column::meta && o.kind == op_kind::put && o.key == applied_key()) value = &o.value;
  }
  if (value == nullptr) return;
  auto now = applied_in(*value);
  if (replacing_) {
    replacing_ = false;
    last_applied_ = now.index;
    stale_applied_.reset();
    return world_.truth().installed(id(), now.index);
  }
  stale_applied_ = store_.latest().get(column::meta, applied_key());
  if (stale_applied_ && now.index <= applied_in(*stale_applied_).index)
    throw violation("node " + std::to_string(id().value) + " writes out " + std::to_string(now.index.value) +
                    " again");
  // It learns: changes on top of the state that it pulled.
  if (member_->replica()) return;
  last_applied_ = now.index;
  world_.truth().installed(id(), now.index);
}

void node::check_records(const testing::memory_kv::batch& batch) {
  auto* shard = member_->replica();
  if (shard == nullptr || member_->voters().size() == 1) return;
  for (const auto& o : batch.ops) {
    if (o.where != column::log || o.kind != op_kind::put) continue;
    auto index = index_of(o.key);
    auto before = log_index{index.value - 1};
    std::optional<term> term_before;
    if (auto t = shard->term_at(before); t.value != 0) term_before = t;
    auto snapshot = shard->status().snapshot;
    if (!term_before && snapshot.index == before) term_before = snapshot.term;
    world_.truth().record_written(id(), member_->current(), index, shard->term_at(index), term_before,
                                  checksum64(o.value));
  }
}

void node::note_durable(const testing::memory_kv::batch& batch) {
  for (const auto& o : batch.ops) {
    if (o.where == column::log && o.kind == op_kind::put) durable_log_[index_of(o.key)] = checksum64(o.value);
    if (o.where == column::log && o.kind == op_kind::erase_range) {
      auto end = o.value.size() < 10 ? durable_log_.end() : durable_log_.lower_bound(index_of(o.value));
      durable_log_.erase(durable_log_.lower_bound(index_of(o.key)), end);
    }
  }
  if (auto hard = storage::load_hard_state(store_.latest(), the_shard)) durable_hard_ = *hard;
  if (auto s = storage::load_snapshot(store_.latest(), the_shard)) durable_snapshot_ = s->point.index;
}

void node::load_durable() {
  if (store_.unsynced() > 0) return;  // what is visible is not durable: what was so before still is
  durable_log_.clear();
  auto end = storage::shard_key(shard_id{the_shard.value + 1});
  store_.latest().scan(column::log, storage::shard_key(the_shard), end,
                       [&](std::string_view key, std::string_view value) {
                         durable_log_[index_of(key)] = checksum64(value);
                         return true;
                       });
  if (auto hard = storage::load_hard_state(store_.latest(), the_shard)) durable_hard_ = *hard;
  if (auto s = storage::load_snapshot(store_.latest(), the_shard)) durable_snapshot_ = s->point.index;
}

// The record that this replica has at 'index' is on its disk.
void node::check_stored(log_index index, const char* what) const {
  auto at = replica()->term_at(index);
  if (at.value == 0 || index <= durable_snapshot_) return;
  auto stored = durable_log_.find(index);
  auto expected = world_.truth().record_hash(member_->current(), index, at);
  if (expected == nullptr) return;  // a lone voter's
  if (stored == durable_log_.end() || stored->second != *expected)
    throw violation("node " + std::to_string(id().value) + " " + what + " entry " +
                    std::to_string(index.value) + ", which is not on its disk");
}

void node::check_message(const std::string& bytes) const {
  auto m = decode_raft_message(bytes);
  if (!m) throw violation("a replica sends what it cannot read");
  if (m->confirm) return;
  auto name = "node " + std::to_string(id().value);
  switch (m->core.kind) {
    case RAFT_CORE_APPEND_ENTRIES_RESULT: {
      const auto& r = m->core.append_entries_result;
      if (r.rejected == 0) check_stored(log_index{r.last_log_index}, "acknowledged");
      break;
    }
    case RAFT_CORE_REQUEST_VOTE_RESULT: {
      const auto& r = m->core.request_vote_result;
      bool votes = r.vote_granted && !r.pre_vote;
      if (votes && durable_hard_.term.value == m->core.term && durable_hard_.vote != m->address.to)
        throw violation(name + " votes twice in term " + std::to_string(m->core.term));
      if (votes && durable_hard_.term.value < m->core.term)
        throw violation(name + " sends a vote that is not on its disk");
      break;
    }
    case RAFT_CORE_REQUEST_VOTE:
      if (!m->core.request_vote.pre_vote && durable_hard_.term.value < m->core.term)
        throw violation(name + " asks for votes in a term that is not on its disk");
      break;
    default: break;
  }
}

}  // namespace troupe::sim
