// One shard's Raft log and hard state in the store: encodings, staging into batches, loading with checksums verified.
// Keys: column::log (shard, index); column::meta (shard, "hard" | "snapshot").
#pragma once

#include <span>

#include "storage/kv.hpp"
#include "storage/raft/replica.hpp"

namespace troupe::storage {

struct snapshot_record {
  snapshot_point point;
  log_index first;  // of the entries kept
  troupe::generation generation;
  std::vector<node_id> voters;
};

void stage_hard_state(kv_batch& batch, shard_id shard, const hard_state& state);
void stage_snapshot(kv_batch& batch, shard_id shard, const snapshot_record& snapshot);
void stage_records(kv_batch& batch, shard_id shard, log_index first, std::span<const log_record> records);
// Erases [from, to); 'to' of index 0 means: to the end of the shard's log.
void stage_erase(kv_batch& batch, shard_id shard, log_index from, log_index to);

std::optional<hard_state> load_hard_state(const kv_reader& store, shard_id shard);
std::optional<snapshot_record> load_snapshot(const kv_reader& store, shard_id shard);
// Up to 'count' records from 'first' on. errc::corrupt, naming shard and index, if one is damaged or missing.
result<std::vector<log_record>> load_records(const kv_reader& store, shard_id shard, log_index first,
                                             std::size_t count);
// What the replica needs to know of every entry from 'first' on; verifies each checksum on the way.
result<std::vector<stored_entry>> load_entry_list(const kv_reader& store, shard_id shard, log_index first);

}  // namespace troupe::storage
