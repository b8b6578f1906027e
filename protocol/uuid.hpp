// UUIDs as two 64-bit halves (RFC 9562). Version 7 is made from given time and entropy: no clock in here.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace troupe {

struct uuid {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  auto operator<=>(const uuid&) const = default;
  bool is_nil() const { return high == 0 && low == 0; }
};

// Version 7: 48 bits of milliseconds, the rest from entropy.
uuid make_uuid_v7(std::int64_t time_us, std::uint64_t entropy_high, std::uint64_t entropy_low) noexcept;
// Version 8: the same content gives the same id (XXH3, 128 bits), so that a resent item is known again.
uuid make_uuid_of(std::string_view content, std::uint64_t seed) noexcept;

std::string to_string(const uuid& id);
// Accepts the 8-4-4-4-12 form in either case.
std::optional<uuid> parse_uuid(std::string_view text) noexcept;

}  // namespace troupe
