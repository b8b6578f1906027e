// The public event JSON: reading requests of it, writing stored events as it.
//
// - One bad item rejects that item only, by index and field. Only a body that is not JSON (or not the asked form)
//   fails as a whole, and says at which byte. NDJSON: a line is an item, blank lines do not count.
// - Items are found by scanning and parsed one by one, so that memory is bound by one item, not by the body.
// Thread-safe: each thread has a parser of its own.
#pragma once

#include <string>
#include <string_view>

#include "http/ingest/event_draft.hpp"
#include "protocol/ids.hpp"
#include "protocol/result.hpp"
#include "protocol/schema/event.capnp.h"

namespace troupe::ingest {

// 'content_type' as in the request's header: application/x-ndjson (or jsonl, ndjson) reads lines; application/json,
// any +json, or nothing reads an array of events or one event. Anything else: errc::unsupported (HTTP 415).
// Failures: invalid_argument (detail names the byte), too_large (too many items), unsupported.
result<parsed_batch> parse_events(std::string_view body, std::string_view content_type, const context& ctx);

// Appends the event as lists, SSE and channels show it: the fields of the event JSON plus received_at, org, offset
// ("<shard>.<seq>"), and cost_source and price_version where there is a cost. Always valid JSON.
void write_event_json(schema::Event::Reader event, event_seq seq, shard_id shard, std::string& out);
// Only the fields a client may send, so that parse_events() reads it back as the same event.
void write_client_event_json(schema::Event::Reader event, std::string& out);

}  // namespace troupe::ingest
