// UTF-8, piece by piece: says no at the first byte that no continuation can mend (RFC 3629: no overlong forms, no
// surrogates, nothing above U+10FFFF).
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace troupe::http {

class utf8_checker {
 public:
  bool take(std::string_view piece) noexcept {
    std::size_t i = 0;
    while (i < piece.size()) {
      if (missing_ == 0 && piece.size() - i >= 8) {  // most texts are ASCII
        std::uint64_t eight;
        std::memcpy(&eight, piece.data() + i, 8);
        if ((eight & 0x8080808080808080ULL) == 0) {
          i += 8;
          continue;
        }
      }
      if (!take(static_cast<unsigned char>(piece[i]))) return false;
      ++i;
    }
    return true;
  }
  bool is_complete() const noexcept { return missing_ == 0; }

 private:
  bool take(unsigned char c) noexcept {
    if (missing_ != 0) {
      if (c < low_ || c > high_) return false;
      low_ = 0x80, high_ = 0xbf;
      --missing_;
      return true;
    }
    if (c < 0x80) return true;
    if (c < 0xc2 || c > 0xf4) return false;
    missing_ = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
    // What the first byte leaves to the second one.
    low_ = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
    high_ = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
    return true;
  }

  std::uint8_t missing_ = 0, low_ = 0x80, high_ = 0xbf;
};

inline bool is_whole_utf8(std::string_view text) noexcept {
  utf8_checker c;
  return c.take(text) && c.is_complete();
}

}  // namespace troupe::http
