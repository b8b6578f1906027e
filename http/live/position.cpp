#include "http/live/position.hpp"

#include <charconv>

namespace troupe::http {

namespace {

void append(std::string& out, std::uint64_t v, int base) {
  char text[24];
  auto end = std::to_chars(text, text + sizeof text, v, base).ptr;
  out.append(text, end);
}

bool take(std::string_view& rest, std::uint64_t& v, int base) {
  auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), v, base);
  if (error != std::errc() || end == rest.data()) return false;
  rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
  return true;
}

}  // namespace

std::string offset_text(const position& p) {
  std::string out;
  for (std::size_t shard = 1; shard < p.size(); ++shard) {
    if (shard > 1) out.push_back('.');
    append(out, p[shard], 10);
  }
  return out;
}

std::string offset_text(shard_id shard, std::uint64_t seq) {
  std::string out;
  append(out, shard.value, 10);
  out.push_back('-');
  append(out, seq, 10);
  return out;
}

std::optional<position> parse_offset(std::string_view text, const position& rest) {
  position p = rest;
  std::uint64_t v = 0;
  if (text.find('-') != std::string_view::npos) {
    std::uint64_t shard = 0;
    if (!take(text, shard, 10) || shard == 0 || shard >= p.size() || !text.starts_with('-'))
      return std::nullopt;
    text.remove_prefix(1);
    if (!take(text, v, 10) || !text.empty()) return std::nullopt;
    p[shard] = v;
    return p;
  }
  for (std::size_t shard = 1; shard < p.size(); ++shard) {
    if (shard > 1) {
      if (!text.starts_with('.')) return std::nullopt;
      text.remove_prefix(1);
    }
    if (!take(text, v, 10)) return std::nullopt;
    p[shard] = v;
  }
  if (!text.empty()) return std::nullopt;
  return p;
}

std::string epoch_text(epoch history) {
  std::string out;
  append(out, history.value, 36);
  return out;
}

}  // namespace troupe::http
