// Times as text: RFC 3339 to and from microseconds since 1970, UTC.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::ingest {

// Any offset, any number of decimals (cut to microseconds). A leap second counts as the next second.
std::optional<std::int64_t> parse_rfc3339(std::string_view text) noexcept;
// 2026-01-31T12:00:00.123Z
void write_rfc3339(std::int64_t time_us, std::string& out);

}  // namespace troupe::ingest
