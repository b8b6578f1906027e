#include "protocol/key.hpp"

namespace troupe {

key_writer& key_writer::text(std::string_view s) {
  for (auto nul = s.find('\0'); nul != s.npos; nul = s.find('\0')) {
    out_.append(s.substr(0, nul + 1)).push_back('\xff');
    s.remove_prefix(nul + 1);
  }
  out_.append(s);
  out_.push_back('\0');
  out_.push_back('\x01');
  return *this;
}

key_writer& key_writer::u64(std::uint64_t v) {
  char bytes[8];
  for (int i = 0; i < 8; ++i) bytes[i] = static_cast<char>(v >> (56 - 8 * i));
  out_.append(bytes, sizeof bytes);
  return *this;
}

record_tag key_reader::tag() { return static_cast<record_tag>(u8()); }

std::uint8_t key_reader::u8() {
  if (rest_.empty()) {
    ok_ = false;
    return 0;
  }
  auto v = static_cast<std::uint8_t>(rest_.front());
  rest_.remove_prefix(1);
  return v;
}

std::uint64_t key_reader::u64() {
  if (rest_.size() < 8) {
    ok_ = false;
    rest_ = {};
    return 0;
  }
  std::uint64_t v = 0;
  for (int i = 0; i < 8; ++i) v = (v << 8) | static_cast<std::uint8_t>(rest_[i]);
  rest_.remove_prefix(8);
  return v;
}

std::string key_reader::text() {
  std::string s;
  for (std::size_t i = 0; i < rest_.size(); ++i) {
    if (rest_[i] != '\0') {
      s.push_back(rest_[i]);
      continue;
    }
    if (i + 1 >= rest_.size()) break;
    if (rest_[i + 1] == '\x01') {
      rest_.remove_prefix(i + 2);
      return s;
    }
    if (rest_[i + 1] != '\xff') break;
    s.push_back('\0');
    ++i;
  }
  ok_ = false;
  rest_ = {};
  return s;
}

std::string_view key_reader::text(std::string& own) {
  auto end = rest_.find('\0');
  if (end != rest_.npos && end + 1 < rest_.size() && rest_[end + 1] == '\x01') {
    auto in_place = rest_.substr(0, end);
    rest_.remove_prefix(end + 2);
    return in_place;
  }
  own = text();
  return own;
}

std::string prefix_end(std::string prefix) {
  while (!prefix.empty()) {
    auto last = static_cast<unsigned char>(prefix.back());
    if (last != 0xff) {
      prefix.back() = static_cast<char>(last + 1);
      return prefix;
    }
    prefix.pop_back();
  }
  return prefix;
}

}  // namespace troupe
