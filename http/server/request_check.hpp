// What Beast's parser accepts and an edge must not: heads that two readers could understand in two ways (RFC 9112).
//
// Pure functions over what was parsed; a refusal ends the connection, because where the next request begins is unsure.
#pragma once

#include <boost/system/error_code.hpp>
#include <optional>
#include <string_view>

#include "http/server/config.hpp"
#include "http/server/request.hpp"
#include "http/server/response.hpp"

namespace troupe::http {

// Why a head that did not parse is refused. 'seen': what came of it and was not taken by the parser.
enum class has_target : std::uint8_t { no, yes };
response refusal_of_parse_error(boost::system::error_code ec, std::string_view seen, has_target target);

// A field continued on the next line (obs-fold): readers differ in what it means. 'head': as it came.
bool has_folded_line(std::string_view head);

// Why the parsed head is refused; else nothing, and r.where is filled in.
std::optional<response> refusal_of_head(request& r, const edge_limits& limits);

// Bytes of a chunked body that carry no data (sizes, extensions, trailers) are bounded like this: a sender of one-byte
// chunks stays within it, a sender of nothing but extensions does not.
constexpr std::uint64_t chunk_framing_bytes_max(std::uint64_t data_bytes) {
  return 64 * 1024 + 16 * data_bytes;
}

}  // namespace troupe::http
