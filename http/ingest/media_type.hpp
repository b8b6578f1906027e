// The bare media type of a Content-Type header.
#pragma once

#include <string>
#include <string_view>

namespace troupe::ingest {

// "Application/JSON; charset=utf-8" -> "application/json"
inline std::string media_type(std::string_view header) {
  auto bare = header.substr(0, header.find(';'));
  std::string out;
  for (char c : bare)
    if (c != ' ' && c != '\t') out.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
  return out;
}

}  // namespace troupe::ingest
