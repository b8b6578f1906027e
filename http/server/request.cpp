#include "http/server/request.hpp"

#include "http/server/request_head.hpp"

namespace troupe::http {

request::request() = default;
request::~request() = default;

std::optional<std::string_view> request::find(std::string_view name) const {
  if (!head) return {};
  auto it = head->message.find(boost::beast::string_view(name.data(), name.size()));
  if (it == head->message.end()) return {};
  return std::string_view(it->value().data(), it->value().size());
}

std::string_view to_string(verb v) {
  static constexpr std::string_view names[] = {"GET",   "HEAD",   "POST",    "PUT",
                                               "PATCH", "DELETE", "OPTIONS", "?"};
  return names[static_cast<std::size_t>(v)];
}

}  // namespace troupe::http
