// ETags of records that count their versions, and If-Match against them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "http/server/request.hpp"

namespace troupe::http {

// "3" with its quotes.
std::string version_etag(std::uint64_t version);
// The version of If-Match, 0 for none or "*"; nothing when it can match no version.
std::optional<std::uint64_t> version_wanted(const request& r);

}  // namespace troupe::http
