// OTLP/HTTP: requests of the three signals, in protobuf and in OTLP's JSON, to events; and the answers.
//
// - One record that cannot become an event is counted in partial_success; the rest is taken.
// - A body that cannot be decoded fails as a whole (HTTP 400, final).
// - Ids of events follow from the content, so that an exporter's retry is known again.
// Pure functions; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "http/ingest/event_draft.hpp"
#include "protocol/result.hpp"

namespace troupe::ingest::otlp {

enum class wire : std::uint8_t { protobuf, json };
enum class signal : std::uint8_t { traces, metrics, logs };

// "application/x-protobuf" or "application/json", parameters allowed. Anything else: errc::unsupported (HTTP 415).
result<wire> wire_of(std::string_view content_type);
// The content type to answer with: the one of the request.
std::string_view content_type_of(wire form);

// parsed_batch::rejected has one row for each refused record; index is the record's place in the request.
result<parsed_batch> parse(signal what, std::string_view body, wire form, const context& ctx);

// An Export*ServiceResponse. 'rejected' 0 and no message: full success, without partial_success.
std::string encode_response(signal what, std::int64_t rejected, std::string_view message, wire form);
// A google.rpc.Status for 4xx and 5xx answers. 'code' is turned into the gRPC code with the same meaning.
std::string encode_error(errc code, std::string_view message, wire form);

// The reason for partial_success: the first few distinct errors of 'rejected', bounded.
std::string summary_of(const std::vector<rejected_item>& rejected);

}  // namespace troupe::ingest::otlp
