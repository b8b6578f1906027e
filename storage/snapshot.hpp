// One shard's records as checked chunks, for another replica; and the digest by which replicas compare their state.
#pragma once

#include <functional>

#include "storage/kv.hpp"
#include "storage/raft/replica.hpp"

namespace troupe::storage {

// Calls sink with sealed chunks of about 'chunk_bytes' each, at least one; sink returns false to stop.
void export_records(const kv_reader& store, shard_id shard, std::size_t chunk_bytes,
                    const std::function<bool(std::string chunk)>& sink);
// Stages: nothing of what the shard held, then the records of the chunks. The last chunk must be the last.
// The entry up to which the records reflect the log.
result<log_index> stage_import(kv_batch& batch, shard_id shard, std::span<const std::string> chunks);
// Of all records of the shard: equal states, equal digests. Reads everything.
std::uint64_t digest(const kv_reader& store, shard_id shard);

}  // namespace troupe::storage
