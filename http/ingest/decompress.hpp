// Bodies with Content-Encoding, bounded: at most limits::decompressed_body_bytes_max come out, and never more than
// a sane multiple of what went in. Pure functions; any thread.
#pragma once

#include <string>
#include <string_view>

#include "protocol/result.hpp"

namespace troupe::ingest {

// 'encoding' as in the request's header: "", "identity", "gzip", "x-gzip", "deflate" (zlib), "zstd"; any case. Several in a row
// are not accepted. Failures: unsupported (HTTP 415), too_large (413), invalid_argument (400: broken or cut off).
result<std::string> decompress(std::string_view body, std::string_view encoding);

// True when decompress() would give the body itself: use it in place.
bool is_identity(std::string_view encoding);

}  // namespace troupe::ingest
