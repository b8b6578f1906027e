// What wraps every frame and every log entry: kind, version, length and checksum, because Cap'n Proto
// accepts a good part of flipped bits silently.
//
//   0      2      4            8                16
//   | kind | vers | length u32 | xxh3-64 of all | payload
//
// Little endian. The checksum covers bytes 0 to 8 and the payload. The payload stays aligned to 8.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/result.hpp"

namespace troupe {

inline constexpr std::size_t envelope_bytes = 16;

struct envelope {
  std::uint16_t kind = 0;
  std::uint16_t version = 0;
  std::string_view payload;
};

std::string seal_envelope(std::uint16_t kind, std::uint16_t version, std::string_view payload);
// The same, of two parts in a row, without joining them first.
std::string seal_envelope(std::uint16_t kind, std::uint16_t version, std::string_view head,
                          std::string_view tail);
// Fails with errc::corrupt when length or checksum is wrong.
result<envelope> open_envelope(std::string_view bytes);

// The project's checksum: XXH3, 64 bits, seed 0.
std::uint64_t checksum64(std::string_view bytes) noexcept;

}  // namespace troupe
