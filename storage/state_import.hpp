// Puts a pulled state in place of a shard's records, with flat memory and as one step for whoever crashes meanwhile.
//
//   chunks wait in column::incoming --flush--> mark (logged, synced) --> records are replaced, a few chunks at a time
//   --flush--> what the state is for, and the mark is gone (one logged, synced batch)
//
// After a crash the mark says: the records are worth nothing, begin again with the chunks, which are all there.
// Keys: column::meta (shard, "import"), column::incoming (shard, number of the chunk, from 1).
#pragma once

#include <optional>

#include "storage/generation.hpp"

namespace troupe::storage {

struct state_import {
  // The number is on disk: never renumber.
  enum class purpose : std::uint8_t {
    enter = 1,    // a generation that this node has no replica of yet
    install = 2,  // into the replica of that generation, which is too far behind its leader's log
    follow = 3,   // changes on top of the records that are there: never on disk
  };
  generation_change change;  // of install: generation and voters as they are, and the snapshot's point
  purpose kind = purpose::enter;
  std::uint64_t chunks = 0;
};

void stage_incoming(kv_batch& batch, shard_id shard, std::uint64_t number, std::string_view chunk);
// Of nothing else: chunks of a pull that was given up.
void stage_no_incoming(kv_batch& batch, shard_id shard);
bool has_incoming(const kv_reader& store, shard_id shard);

void stage_import_begun(kv_batch& batch, shard_id shard, const state_import& import);
void stage_import_done(kv_batch& batch, shard_id shard);
std::optional<state_import> load_import(const kv_reader& store, shard_id shard);

// Replaces the records by the chunks from number 'next' on, some at a time, unlogged; 1 begins by erasing. The number to
// go on with; chunks + 1: all are there.
result<std::uint64_t> import_some(kv& store, shard_id shard, const state_import& import, std::uint64_t next);

}  // namespace troupe::storage
