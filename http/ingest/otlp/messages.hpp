// Decoding of OTLP bodies into OpenTelemetry's messages.
//
// JSON goes through protobuf's own JSON reader, which knows proto3's mapping (64-bit integers as strings or numbers,
// enums as numbers or names, unknown fields ignored). OTLP differs from it in one thing: trace and span ids are hex,
// not base64. Hex digits are valid base64, so the reader has decoded them as such; encoding them again gives back
// the digits. restore_id() does that.
#pragma once

#include <google/protobuf/message.h>

#include <optional>
#include <string>
#include <string_view>

#include "http/ingest/otlp/otlp.hpp"
#include "protocol/result.hpp"

namespace troupe::ingest::otlp {

// Nothing when it went well.
std::optional<failure> decode(std::string_view body, wire form, google::protobuf::Message& out);

// The raw bytes of an id of 'size' bytes; empty if it is absent, malformed or all zeros.
std::string restore_id(const std::string& field, std::size_t size, wire form);

std::string hex_of(std::string_view bytes);

}  // namespace troupe::ingest::otlp
