#include "http/server/target.hpp"

#include <algorithm>

namespace troupe::http {

namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_unreserved(unsigned char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

// Length of the character that begins with 'lead', and the least code point of that length; 0: no lead byte.
std::pair<std::size_t, char32_t> utf8_class(unsigned char lead) {
  if (lead < 0x80) return {1, 0};
  if (lead >= 0xC2 && lead <= 0xDF) return {2, 0x80};
  if (lead >= 0xE0 && lead <= 0xEF) return {3, 0x800};
  if (lead >= 0xF0 && lead <= 0xF4) return {4, 0x10000};
  return {0, 0};
}

bool read_query(std::string_view text, target& out) {
  while (!text.empty()) {
    auto pair = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), pair.size() + 1));
    if (pair.empty()) continue;
    auto equals = pair.find('=');
    auto name = percent_decode(pair.substr(0, equals), plus::is_space);
    auto value = equals == std::string_view::npos ? std::optional<std::string>("")
                                                  : percent_decode(pair.substr(equals + 1), plus::is_space);
    if (!name || !value || out.query.size() >= 64) return false;
    out.query.emplace_back(std::move(*name), std::move(*value));
  }
  return true;
}

// Where the authority of an absolute-form target begins; 0: it is not one.
std::size_t authority_at(std::string_view text) {
  for (std::string_view scheme : {"http://", "https://"}) {
    auto begin = text.substr(0, scheme.size());
    bool same = std::equal(begin.begin(), begin.end(), scheme.begin(), scheme.end(),
                           [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; });
    if (same) return scheme.size();
  }
  return 0;
}

}  // namespace

bool is_utf8(std::string_view text) noexcept {
  for (std::size_t i = 0; i < text.size();) {
    auto lead = static_cast<unsigned char>(text[i]);
    auto [length, least] = utf8_class(lead);
    if (length == 0 || i + length > text.size()) return false;
    char32_t code = length == 1 ? lead : lead & (0xFFu >> (length + 1));
    for (std::size_t k = 1; k < length; ++k) {
      auto next = static_cast<unsigned char>(text[i + k]);
      if ((next & 0xC0) != 0x80) return false;
      code = code << 6 | (next & 0x3F);
    }
    if (code < least || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return false;
    i += length;
  }
  return true;
}

std::optional<std::string> percent_decode(std::string_view text, plus mode) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size()) return {};
      int high = hex_value(text[i + 1]), low = hex_value(text[i + 2]);
      if (high < 0 || low < 0) return {};
      c = static_cast<char>(high << 4 | low);
      i += 2;
    } else if (c == '+' && mode == plus::is_space) {
      c = ' ';
    }
    if (c == '\0') return {};
    out.push_back(c);
  }
  if (!is_utf8(out)) return {};
  return out;
}

std::string percent_encode(std::string_view text) {
  static constexpr char hex[] = "0123456789ABCDEF";
  std::string out;
  for (unsigned char c : text) {
    if (is_unreserved(c)) {
      out.push_back(static_cast<char>(c));
    } else {
      out += {'%', hex[c >> 4], hex[c & 15]};
    }
  }
  return out;
}

std::optional<std::string_view> target::parameter(std::string_view name) const {
  for (const auto& [key, value] : query) {
    if (key == name) return value;
  }
  return {};
}

std::optional<target> parse_target(std::string_view text) {
  target out;
  if (text == "*") {
    out.path = "*";
    return out;
  }
  if (auto authority = authority_at(text); authority != 0) {
    text.remove_prefix(authority);
    auto slash = std::min(text.find_first_of("/?"), text.size());
    if (slash == 0 || text.substr(0, slash).find('@') != std::string_view::npos) return {};
    text = slash == text.size() ? std::string_view("/") : text.substr(slash);
  }
  if (auto fragment = text.find('#'); fragment != std::string_view::npos) return {};
  auto question = text.find('?');
  auto path = text.substr(0, question);
  if (path.empty()) path = "/";
  if (path[0] != '/') return {};
  if (question != std::string_view::npos && !read_query(text.substr(question + 1), out)) return {};

  auto rest = path.substr(1);
  while (true) {
    auto segment = percent_decode(rest.substr(0, rest.find('/')), plus::stays);
    if (!segment || out.segments.size() >= 32) return {};
    out.path += '/';
    out.path += *segment;
    out.segments.push_back(std::move(*segment));
    auto slash = rest.find('/');
    if (slash == std::string_view::npos) break;
    rest.remove_prefix(slash + 1);
  }
  return out;
}

}  // namespace troupe::http
