// Writing, scanning and checking of JSON text.
#include "http/ingest/json_text.hpp"

#include <simdjson.h>
#include <boost/json/basic_parser_impl.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>

namespace troupe::ingest::json {

namespace {

constexpr char hex_digits[] = "0123456789abcdef";
constexpr std::size_t checked_depth_max = 1024;

// Per byte: 0 plain, 'u' a \u00xx escape, 'x' not ASCII, else the letter after the backslash.
constexpr std::array<char, 256> escapes = [] {
  std::array<char, 256> t{};
  for (int c = 0; c < 0x20; ++c) t[static_cast<std::size_t>(c)] = 'u';
  for (std::size_t c = 0x80; c < 256; ++c) t[c] = 'x';
  t['"'] = '"', t['\\'] = '\\', t['\n'] = 'n', t['\r'] = 'r', t['\t'] = 't', t['\b'] = 'b', t['\f'] = 'f';
  return t;
}();

// Per byte: what moves value_end(): a quote, an opening ('{') or a closing ('}') bracket.
constexpr std::array<char, 256> brackets = [] {
  std::array<char, 256> t{};
  t['"'] = '"', t['{'] = t['['] = '{', t['}'] = t[']'] = '}';
  return t;
}();

unsigned char byte_at(std::string_view s, std::size_t i) { return static_cast<unsigned char>(s[i]); }

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// Accepts everything: Boost.JSON's parser is asked for its verdict only.
struct silent_handler {
  static constexpr std::size_t max_object_size = SIZE_MAX;
  static constexpr std::size_t max_array_size = SIZE_MAX;
  static constexpr std::size_t max_key_size = SIZE_MAX;
  static constexpr std::size_t max_string_size = SIZE_MAX;
  using code = boost::json::error_code;
  using text = boost::json::string_view;
  bool on_document_begin(code&) { return true; }
  bool on_document_end(code&) { return true; }
  bool on_object_begin(code&) { return true; }
  bool on_object_end(std::size_t, code&) { return true; }
  bool on_array_begin(code&) { return true; }
  bool on_array_end(std::size_t, code&) { return true; }
  bool on_key_part(text, std::size_t, code&) { return true; }
  bool on_key(text, std::size_t, code&) { return true; }
  bool on_string_part(text, std::size_t, code&) { return true; }
  bool on_string(text, std::size_t, code&) { return true; }
  bool on_number_part(text, code&) { return true; }
  bool on_int64(std::int64_t, text, code&) { return true; }
  bool on_uint64(std::uint64_t, text, code&) { return true; }
  bool on_double(double, text, code&) { return true; }
  bool on_bool(bool, code&) { return true; }
  bool on_null(code&) { return true; }
  bool on_comment_part(text, code&) { return true; }
  bool on_comment(text, code&) { return true; }
};

// The code unit of an escape "\uXXXX" at 'at', or -1.
int escaped_unit(std::string_view text, std::size_t at) {
  if (at + 6 > text.size() || text[at] != '\\' || text[at + 1] != 'u') return -1;
  unsigned unit = 0;
  auto [end, error] = std::from_chars(text.data() + at + 2, text.data() + at + 6, unit, 16);
  return error == std::errc{} && end == text.data() + at + 6 ? static_cast<int>(unit) : -1;
}

// Behind the closing quote of the string whose opening quote is at 'at'; npos if there is none.
std::size_t string_end(std::string_view text, std::size_t at) noexcept {
  for (auto from = at + 1; from < text.size();) {
    auto* found = static_cast<const char*>(std::memchr(text.data() + from, '"', text.size() - from));
    if (!found) return text.npos;
    auto quote = static_cast<std::size_t>(found - text.data());
    auto escapes_end = quote;
    while (escapes_end > at + 1 && text[escapes_end - 1] == '\\') --escapes_end;
    if ((quote - escapes_end) % 2 == 0) return quote + 1;
    from = quote + 1;
  }
  return text.npos;
}

std::size_t scalar_end(std::string_view text, std::size_t at) noexcept {
  while (at < text.size() && !is_space(text[at]) && text[at] != ',' && text[at] != ']' && text[at] != '}')
    ++at;
  return at;
}

bool is_high(int unit) { return unit >= 0xd800 && unit < 0xdc00; }
bool is_low(int unit) { return unit >= 0xdc00 && unit < 0xe000; }

}  // namespace

std::size_t utf8_length(std::string_view s) noexcept {
  if (s.empty()) return 0;
  auto c = byte_at(s, 0);
  if (c < 0x80) return 1;
  std::size_t length = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
  if (c < 0xc2 || c > 0xf4 || s.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte_at(s, i) & 0xc0) != 0x80) return 0;
  auto second = byte_at(s, 1);
  bool wrong = (c == 0xe0 && second < 0xa0) || (c == 0xed && second > 0x9f) || (c == 0xf0 && second < 0x90) ||
               (c == 0xf4 && second > 0x8f);
  return wrong ? 0 : length;
}

std::string_view cut_utf8(std::string_view text, std::size_t bytes_max) noexcept {
  if (text.size() <= bytes_max) return text;
  auto end = bytes_max;
  while (end > 0 && (byte_at(text, end) & 0xc0) == 0x80) --end;
  return text.substr(0, end);
}

void write_string(std::string_view text, std::string& out) {
  out.push_back('"');
  std::size_t plain = 0, at = 0;
  while (at < text.size()) {
    auto c = byte_at(text, at);
    auto escape = escapes[c];
    if (escape == 0) {
      ++at;
      continue;
    }
    if (escape == 'x') {
      if (auto length = utf8_length(text.substr(at))) {
        at += length;
        continue;
      }
    }
    out.append(text.substr(plain, at - plain));
    if (escape == 'x') {
      out += "\xef\xbf\xbd";
    } else if (escape == 'u') {
      out += "\\u00";
      out.push_back(hex_digits[c >> 4]);
      out.push_back(hex_digits[c & 0xf]);
    } else {
      out.push_back('\\');
      out.push_back(escape);
    }
    plain = ++at;
  }
  out.append(text.substr(plain));
  out.push_back('"');
}

void write_double(double value, std::string& out) {
  if (!std::isfinite(value)) {
    out += "null";
    return;
  }
  char buffer[32];
  auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  out.append(buffer, end);
  // Digits alone are read back as an integer: "-0" would lose its sign, and beyond 64 bits readers refuse them.
  constexpr double integers_end = 9.2e18;
  if ((value == 0 && std::signbit(value)) ||
      (std::abs(value) >= integers_end && std::find(buffer, end, 'e') == end))
    out += ".0";
}

void write_int(std::int64_t value, std::string& out) {
  char buffer[24];
  out.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr);
}

void write_decimal(std::int64_t value, int decimals, std::string& out) {
  auto magnitude = static_cast<std::uint64_t>(value);
  if (value < 0) {
    out.push_back('-');
    magnitude = 0 - magnitude;
  }
  std::uint64_t scale = 1;
  for (int i = 0; i < decimals; ++i) scale *= 10;
  char buffer[24];
  out.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, magnitude / scale).ptr);
  auto fraction = magnitude % scale;
  if (fraction == 0) return;
  out.push_back('.');
  for (scale /= 10; fraction != 0; scale /= 10) {
    out.push_back(static_cast<char>('0' + fraction / scale));
    fraction %= scale;
  }
}

void write_element(const simdjson::dom::element& value, std::string& out) {
  namespace dom = simdjson::dom;
  switch (value.type()) {
    case dom::element_type::OBJECT: {
      char before = '{';
      for (auto field : dom::object(value)) {
        out.push_back(before);
        write_string(field.key, out);
        out.push_back(':');
        write_element(field.value, out);
        before = ',';
      }
      out += before == '{' ? "{}" : "}";
      break;
    }
    case dom::element_type::ARRAY: {
      char before = '[';
      for (auto item : dom::array(value)) {
        out.push_back(before);
        write_element(item, out);
        before = ',';
      }
      out += before == '[' ? "[]" : "]";
      break;
    }
    case dom::element_type::STRING: write_string(std::string_view(value), out); break;
    case dom::element_type::INT64: write_int(std::int64_t(value), out); break;
    case dom::element_type::UINT64: out += std::to_string(std::uint64_t(value)); break;
    case dom::element_type::DOUBLE: write_double(double(value), out); break;
    case dom::element_type::BOOL: out += bool(value) ? "true" : "false"; break;
    case dom::element_type::NULL_VALUE: out += "null"; break;
  }
}

std::optional<fault> find_fault(std::string_view text) {
  boost::json::parse_options options;
  options.max_depth = checked_depth_max;
  boost::json::basic_parser<silent_handler> parser(options);
  boost::json::error_code error;
  auto done = parser.write_some(false, text.data(), text.size(), error);
  if (error) {
    if (error == boost::json::error::incomplete) return fault{text.size(), "it ends too early"};
    if (error == boost::json::error::too_deep) return fault{done, "nested too deeply"};
    return fault{done, error.message()};
  }
  auto rest = skip_space(text, done);
  if (rest < text.size()) return fault{rest, "something follows the JSON value"};
  return std::nullopt;
}

std::optional<std::string> repair_surrogates(std::string_view text) {
  std::optional<std::string> out;
  std::size_t kept = 0;
  for (auto at = text.find('\\'); at != text.npos && at + 1 < text.size(); at = text.find('\\', at)) {
    auto unit = escaped_unit(text, at);
    if (unit < 0) {
      at += 2;
    } else if (is_high(unit) && is_low(escaped_unit(text, at + 6))) {
      at += 12;
    } else {
      if (is_high(unit) || is_low(unit)) {
        if (!out) out.emplace();
        out->append(text.substr(kept, at - kept)).append("\\ufffd");
        kept = at + 6;
      }
      at += 6;
    }
  }
  if (out) out->append(text.substr(kept));
  return out;
}

std::size_t skip_space(std::string_view text, std::size_t at) noexcept {
  while (at < text.size() && is_space(text[at])) ++at;
  return at;
}

std::size_t value_end(std::string_view text, std::size_t at) noexcept {
  if (at < text.size() && text[at] == '"') return string_end(text, at);
  if (at == text.size() || (text[at] != '{' && text[at] != '[')) return scalar_end(text, at);
  std::size_t depth = 0;
  while (at < text.size()) {
    switch (brackets[byte_at(text, at)]) {
      case '"':
        at = string_end(text, at);
        if (at == text.npos) return at;
        continue;
      case '{': ++depth; break;
      case '}':
        if (--depth == 0) return at + 1;
        break;
      default: break;
    }
    ++at;
  }
  return text.npos;
}

}  // namespace troupe::ingest::json
