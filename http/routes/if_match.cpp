#include "http/routes/if_match.hpp"

namespace troupe::http {

std::string version_etag(std::uint64_t version) { return '"' + std::to_string(version) + '"'; }

std::optional<std::uint64_t> version_wanted(const request& r) {
  auto text = r.field("If-Match");
  if (text.empty() || text == "*") return 0;
  if (text.size() < 3 || text.size() > 20 || text.front() != '"' || text.back() != '"') return {};
  std::uint64_t version = 0;
  for (char c : text.substr(1, text.size() - 2)) {
    if (c < '0' || c > '9') return {};
    version = version * 10 + static_cast<std::uint64_t>(c - '0');
  }
  if (version == 0) return {};
  return version;
}

}  // namespace troupe::http
