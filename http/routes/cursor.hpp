// Cursors of lists: opaque to clients, checked when they come back.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/server/request.hpp"
#include "http/server/response.hpp"

namespace troupe::http {

// base64url without padding.
std::string base64url(std::string_view bytes);
// Either alphabet, with or without padding; nothing if it is neither.
std::optional<std::string> from_base64url(std::string_view text);

// A place in a list: which list, two numbers, a shard and a text, as the list needs them.
struct cursor {
  char list = '?';
  std::int64_t time_us = 0;
  std::uint64_t seq = 0;
  std::uint16_t shard = 0;
  std::string text = {};

  std::string encode() const;
};
// Nothing when the text is no cursor of that list.
std::optional<cursor> parse_cursor(std::string_view text, char list);

// {"items":[...],"next_cursor":...} around items that are written already; and Link rel=next.
response list_response(const request& r, std::string_view items, const std::optional<cursor>& next);

}  // namespace troupe::http
