// From drafts to commands: events are split by the shard of their agent, kept in order within it, and cut into
// entries of at most limits::entry_bytes_max. Each entry remembers which items of the request it holds.
// Pure functions; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "http/ingest/event_draft.hpp"
#include "protocol/ids.hpp"
#include "protocol/schema/reply.capnp.h"

namespace troupe::ingest {

struct batch_identity {
  std::string_view org;
  std::string_view principal;             // id of the API key
  std::string_view idempotency_key = {};  // empty: none. Each entry gets it with the entry's place appended
  std::uint64_t fingerprint = 0;          // of the request's body, with idempotency_key
};

struct event_entry {
  shard_id shard;
  std::string command;                 // an encoded schema::Command, appendEvents
  std::vector<std::uint32_t> indexes;  // of the batch's events, as indexes of the request's items
};

// 'shards' is client::shard_count(). Entries of one shard are in order: send them in this order. Events above
// limits::event_bytes_max move from batch.events to batch.rejected.
std::vector<event_entry> cut_batch(parsed_batch& batch, const batch_identity& who, std::uint16_t shards);

// Adds what the machine rejected of an entry to 'rejected', with the indexes of the request.
void collect_rejected(const event_entry& entry, schema::EventsAppended::Reader reply,
                      std::vector<rejected_item>& rejected);

// The encoded size of an event in bytes, as it will be within a batch.
std::size_t encoded_bytes(const event_draft& event, const std::vector<tier_latency>& tiers);

}  // namespace troupe::ingest
