// Texts put together from parts, in one allocation, and taken apart, without any.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>

namespace troupe::http {

inline std::string concat(std::initializer_list<std::string_view> parts) {
  std::size_t size = 0;
  for (auto p : parts) size += p.size();
  std::string out;
  out.reserve(size);
  for (auto p : parts) out.append(p);
  return out;
}

// Without the spaces and tabs at its ends.
inline std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blank = " \t";
  auto begin = std::min(text.find_first_not_of(blank), text.size());
  auto end = text.find_last_not_of(blank) + 1;  // 0: there is nothing else
  return begin < end ? text.substr(begin, end - begin) : std::string_view();
}

// The next element of a list in a header, trimmed; it and the mark behind it go from 'rest'.
inline std::string_view take_part(std::string_view& rest, char mark) {
  auto end = std::min(rest.find(mark), rest.size());
  auto part = trimmed(rest.substr(0, end));
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return part;
}

}  // namespace troupe::http
