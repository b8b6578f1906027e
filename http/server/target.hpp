// The request target taken apart: path segments and query parameters, percent-decoded. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::http {

struct target {
  std::string path;                   // decoded, for logs and static files; begins with '/'
  std::vector<std::string> segments;  // decoded one by one: an encoded slash stays within its segment
  std::vector<std::pair<std::string, std::string>> query;

  // The first value of a parameter.
  std::optional<std::string_view> parameter(std::string_view name) const;
};

// Origin form, absolute form and "*" (RFC 9112, 3.2). Nothing when the escapes, the UTF-8 or the form are wrong.
std::optional<target> parse_target(std::string_view text);

// Nothing on a broken escape, NUL or bytes that are not UTF-8. 'plus' reads '+' as a space.
enum class plus : bool { stays, is_space };
std::optional<std::string> percent_decode(std::string_view text, plus mode);
// Everything but unreserved characters is escaped.
std::string percent_encode(std::string_view text);

bool is_utf8(std::string_view text) noexcept;

}  // namespace troupe::http
