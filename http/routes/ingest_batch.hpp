// From a parsed batch to its shards and back to one answer. Used by the event routes, OTLP and the channels' publish.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "http/ingest/event_draft.hpp"
#include "http/routes/context.hpp"

namespace troupe::http {

struct ingest_outcome {
  std::uint64_t accepted = 0, duplicates = 0;
  std::vector<ingest::rejected_item> rejected;
  // Some shards did not take theirs: the worst of their failures, and how many events it concerns.
  std::optional<failure> failed;
  std::uint64_t not_taken = 0;
};

struct ingest_origin {
  std::string org, principal;
  std::string idempotency_key = {};
  std::uint64_t fingerprint = 0;
  load_gate* gate = nullptr;  // to be passed; empty: the request has passed it
};

// The context for parsing what 'from' sent. 'seed' keeps the text that the context points to.
ingest::context ingest_context(const api_context& api, const ingest_origin& from, std::string& seed);

// 'done' is called once, on 'home'.
void ingest_batch(api_context& api, io_thread& home, const ingest_origin& from, ingest::parsed_batch batch,
                  std::function<void(ingest_outcome)> done);

// {"accepted":..,"duplicates":..,"rejected":[..]}
std::string outcome_json(const ingest_outcome& o);

}  // namespace troupe::http
