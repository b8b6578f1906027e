#include "http/server/response.hpp"

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/status.hpp>

namespace troupe::http {

response& response::with(std::string_view name, std::string_view value) {
  headers.emplace_back(std::string(name), std::string(value));
  return *this;
}

bool response::has(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (boost::beast::iequals(key, {name.data(), name.size()})) return true;
  }
  return false;
}

response response::json(std::string text, int status) {
  response out;
  out.status = status;
  out.content_type = "application/json";
  out.body = std::move(text);
  return out;
}

response response::empty(int status) {
  response out;
  out.status = status;
  return out;
}

std::string_view reason_phrase(int status) {
  if (status == 422) return "Unprocessable Content";
  if (status == 507) return "Insufficient Storage";
  auto text =
      boost::beast::http::obsolete_reason(boost::beast::http::int_to_status(static_cast<unsigned>(status)));
  return {text.data(), text.size()};
}

}  // namespace troupe::http
