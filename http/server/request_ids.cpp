#include "http/server/request_ids.hpp"

#include <sodium.h>

#include <algorithm>

namespace troupe::http {

namespace {

constexpr char hex[] = "0123456789abcdef";

bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_plain(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' ||
         c == '.';
}

std::string hex_of(std::uint64_t value) {
  std::string out(16, '0');
  for (int i = 15; i >= 0; --i, value >>= 4) out[static_cast<std::size_t>(i)] = hex[value & 15];
  return out;
}

}  // namespace

std::uint64_t random_u64() {
  thread_local std::uint64_t pool[32];
  thread_local std::size_t left = 0;
  if (left == 0) {
    randombytes_buf(pool, sizeof pool);
    left = std::size(pool);
  }
  return pool[--left];
}

std::string request_id_of(std::string_view given) {
  if (!given.empty() && given.size() <= 128 && std::all_of(given.begin(), given.end(), is_plain)) {
    return std::string(given);
  }
  return hex_of(random_u64());
}

std::string trace_parent_of(std::string_view given) {
  // 00-<32 hex>-<16 hex>-<2 hex>
  if (given.size() != 55 || given[2] != '-' || given[35] != '-' || given[52] != '-') return {};
  auto trace = given.substr(3, 32), span = given.substr(36, 16), flags = given.substr(53, 2);
  if (given.substr(0, 2) != "00" || !is_hex(trace) || !is_hex(span) || !is_hex(flags)) return {};
  if (trace.find_first_not_of('0') == std::string_view::npos ||
      span.find_first_not_of('0') == std::string_view::npos) {
    return {};
  }
  return "00-" + std::string(trace) + "-" + hex_of(random_u64() | 1) + "-" + std::string(flags);
}

}  // namespace troupe::http
