#include "protocol/uuid.hpp"

#include <xxhash.h>

namespace troupe {

namespace {

constexpr std::uint64_t variant_bits = 0x8000'0000'0000'0000ULL;
constexpr std::uint64_t variant_mask = 0x3fff'ffff'ffff'ffffULL;

}  // namespace

uuid make_uuid_v7(std::int64_t time_us, std::uint64_t entropy_high, std::uint64_t entropy_low) noexcept {
  auto ms = static_cast<std::uint64_t>(time_us / 1000) & 0xffff'ffff'ffffULL;
  return {(ms << 16) | 0x7000U | (entropy_high & 0xfffU), (entropy_low & variant_mask) | variant_bits};
}

uuid make_uuid_of(std::string_view content, std::uint64_t seed) noexcept {
  auto h = XXH3_128bits_withSeed(content.data(), content.size(), seed);
  return {(h.high64 & ~0xf000ULL) | 0x8000U, (h.low64 & variant_mask) | variant_bits};
}

std::string to_string(const uuid& id) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out(36, '-');
  std::size_t at = 0;
  for (int i = 0; i < 32; ++i) {
    if (i == 8 || i == 12 || i == 16 || i == 20) ++at;
    auto half = i < 16 ? id.high : id.low;
    out[at++] = digits[(half >> (60 - 4 * (i % 16))) & 0xf];
  }
  return out;
}

std::optional<uuid> parse_uuid(std::string_view text) noexcept {
  if (text.size() != 36) return std::nullopt;
  uuid id;
  int digit = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (i == 8 || i == 13 || i == 18 || i == 23) {
      if (c != '-') return std::nullopt;
      continue;
    }
    std::uint64_t v = 0;
    if (c >= '0' && c <= '9')
      v = static_cast<std::uint64_t>(c - '0');
    else if (c >= 'a' && c <= 'f')
      v = static_cast<std::uint64_t>(c - 'a' + 10);
    else if (c >= 'A' && c <= 'F')
      v = static_cast<std::uint64_t>(c - 'A' + 10);
    else
      return std::nullopt;
    auto& half = digit++ < 16 ? id.high : id.low;
    half = (half << 4) | v;
  }
  return id;
}

}  // namespace troupe
