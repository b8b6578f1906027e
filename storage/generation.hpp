// The generations of a shard on disk and on the wire: which one begins, where, with which voters; and that a node has left.
// Keys: column::meta (shard, "change", generation | "left"). A change has a key of its own, because the one into this
// generation is erased by way of the log writer, while the one out of it may be written by an entry that is applied.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "protocol/schema/storage.capnp.h"
#include "storage/kv.hpp"
#include "storage/raft/replica.hpp"

namespace troupe::storage {

// A generation that follows a seal. Its log begins after 'point', its state is the one at 'point'.
struct generation_change {
  troupe::generation generation;
  std::vector<node_id> voters;
  snapshot_point point;  // index 0: every voter has entered it

  bool has(node_id node) const;
  auto operator<=>(const generation_change&) const = default;
};

void write_change(const generation_change& change, schema::GenerationChange::Builder out);
generation_change read_change(schema::GenerationChange::Reader in);

// Key, without the shard, and value of a change.
std::string change_name(generation into);
std::string encode_change(const generation_change& change);
void stage_change(kv_batch& batch, shard_id shard, const generation_change& change);
void stage_change_done(kv_batch& batch, shard_id shard, generation into);
void stage_no_changes(kv_batch& batch, shard_id shard);
std::optional<generation_change> load_change(const kv_reader& store, shard_id shard, generation into);

// The node gives up everything it holds of the shard, and remembers the generation that it has no part in.
void stage_left(kv_batch& batch, shard_id shard, const generation_change& without);
std::optional<generation_change> load_left(const kv_reader& store, shard_id shard);
// A node that left comes back.
void stage_back(kv_batch& batch, shard_id shard);

// What members tell each other.
struct generation_message {
  shard_id shard;
  node_id from;
  std::variant<generation_change, generation> what;  // it began, or: I have entered it
};

std::string encode_generation_message(const generation_message& message);
// errc::corrupt if it is none.
result<generation_message> decode_generation_message(std::string_view bytes);

}  // namespace troupe::storage
