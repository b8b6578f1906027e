#include "protocol/envelope.hpp"

#include <xxhash.h>

#include <cstring>

#include "protocol/limits.hpp"

namespace troupe {

namespace {

std::uint64_t checksum_of(const char* header, std::string_view payload) {
  auto head = XXH3_64bits(header, 8);
  return XXH3_64bits_withSeed(payload.data(), payload.size(), head);
}

}  // namespace

std::string seal_envelope(std::uint16_t kind, std::uint16_t version, std::string_view payload) {
  return seal_envelope(kind, version, payload, {});
}

std::string seal_envelope(std::uint16_t kind, std::uint16_t version, std::string_view head,
                          std::string_view tail) {
  auto length = static_cast<std::uint32_t>(head.size() + tail.size());
  std::string out;
  out.reserve(envelope_bytes + length);
  out.resize(envelope_bytes);
  std::memcpy(out.data(), &kind, 2);
  std::memcpy(out.data() + 2, &version, 2);
  std::memcpy(out.data() + 4, &length, 4);
  out.append(head).append(tail);
  auto sum = checksum_of(out.data(), std::string_view(out).substr(envelope_bytes));
  std::memcpy(out.data() + 8, &sum, 8);
  return out;
}

result<envelope> open_envelope(std::string_view bytes) {
  if (bytes.size() < envelope_bytes) return failure{errc::corrupt, "shorter than its header"};
  envelope e;
  std::uint32_t length = 0;
  std::uint64_t sum = 0;
  std::memcpy(&e.kind, bytes.data(), 2);
  std::memcpy(&e.version, bytes.data() + 2, 2);
  std::memcpy(&length, bytes.data() + 4, 4);
  std::memcpy(&sum, bytes.data() + 8, 8);
  if (length != bytes.size() - envelope_bytes)
    return failure{errc::corrupt, "its length is not what its header says"};
  e.payload = bytes.substr(envelope_bytes);
  if (checksum_of(bytes.data(), e.payload) != sum)
    return failure{errc::corrupt, "its checksum does not match"};
  return e;
}

std::uint64_t checksum64(std::string_view bytes) noexcept { return XXH3_64bits(bytes.data(), bytes.size()); }

}  // namespace troupe
