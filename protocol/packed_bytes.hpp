// Numbers and texts in a row of bytes, as the packed forms have them: varints (seven bits a byte, the lowest first), signed
// ones as zigzag, texts behind their size. Owned by whoever packs or reads.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace troupe {

inline void put_varint(std::uint64_t value, std::string& out) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}

inline std::uint64_t zigzag(std::int64_t v) {
  return static_cast<std::uint64_t>(v) << 1 ^ static_cast<std::uint64_t>(v >> 63);
}

inline void put_word(std::uint64_t value, std::string& out) {
  for (int i = 0; i < 8; ++i) out.push_back(static_cast<char>(value >> 8 * i));
}

inline void put_text(std::string_view text, std::string& out) {
  put_varint(text.size(), out);
  out.append(text);
}

// What is behind the end, or cannot be, is 0 or empty, and ok() is false from then on.
class byte_reader {
 public:
  explicit byte_reader(std::string_view bytes) : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && at_ != end_; shift += 7) {
      auto byte = static_cast<std::uint8_t>(*at_++);
      value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) return value;
    }
    ok_ = false;
    return 0;
  }
  std::int64_t signed_varint() {
    auto v = varint();
    return static_cast<std::int64_t>(v >> 1) ^ -static_cast<std::int64_t>(v & 1);
  }
  std::string_view text() {
    auto size = varint();
    if (!ok_ || size > static_cast<std::uint64_t>(end_ - at_)) return fail();
    std::string_view out(at_, size);
    at_ += size;
    return out;
  }
  std::uint64_t word() {
    std::uint64_t value = 0;
    if (end_ - at_ < 8) return fail(), 0;
    for (int i = 0; i < 8; ++i)
      value |= static_cast<std::uint64_t>(static_cast<std::uint8_t>(*at_++)) << 8 * i;
    return value;
  }
  std::uint8_t byte() {
    if (at_ == end_) return fail(), std::uint8_t{0};
    return static_cast<std::uint8_t>(*at_++);
  }
  std::string_view rest() const { return {at_, static_cast<std::size_t>(end_ - at_)}; }
  bool ok() const { return ok_; }

 private:
  std::string_view fail() {
    ok_ = false;
    return {};
  }
  const char* at_;
  const char* end_;
  bool ok_ = true;
};

}  // namespace troupe
