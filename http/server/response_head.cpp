#include "http/server/response_head.hpp"

#include <algorithm>

namespace troupe::http {

namespace {

void field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ");
  // Whatever a handler was led to put in: never a second line.
  for (char c : value) out.push_back(c == '\r' || c == '\n' || c == '\0' ? ' ' : c);
  out += "\r\n";
}

void write_cors(std::string& out, const request* r, const edge_config& config) {
  if (config.allowed_origins.empty()) return;
  out += "Vary: Origin\r\n";
  auto origin = r ? r->field("Origin") : std::string_view();
  if (origin.empty() || !is_allowed_origin(config, origin)) return;
  field(out, "Access-Control-Allow-Origin", origin);
  out +=
      "Access-Control-Expose-Headers: ETag, Link, Location, Retry-After, X-Request-Id, "
      "Troupe-Read-Index\r\n";
}

constexpr std::string_view api_policy = "default-src 'none'; frame-ancestors 'none'";

}  // namespace

bool is_allowed_origin(const edge_config& config, std::string_view origin) {
  // "*" is any: keys travel in a field that pages of other origins have to know, never in cookies.
  return std::any_of(config.allowed_origins.begin(), config.allowed_origins.end(),
                     [&](const auto& allowed) { return allowed == origin || allowed == "*"; });
}

void write_head(std::string& out, const response& answer, const request* r, framing how, bool keep_alive,
                const edge_config& config, std::string_view date) {
  out.reserve(512);
  out += "HTTP/1.1 " + std::to_string(answer.status) + " ";
  out.append(reason_phrase(answer.status)).append("\r\n");
  field(out, "Date", date);
  if (!answer.content_type.empty()) field(out, "Content-Type", answer.content_type);
  if (how == framing::length) {
    field(out, "Content-Length", std::to_string(answer.payload().size()));
  }
  if (!keep_alive) {
    out += "Connection: close\r\n";
  } else if (r && r->http_1_0) {
    out += "Connection: keep-alive\r\n";
  }
  for (const auto& [name, value] : answer.headers) field(out, name, value);
  if (r && !r->request_id.empty()) field(out, "X-Request-Id", r->request_id);
  if (r && !r->trace_parent.empty()) field(out, "traceparent", r->trace_parent);
  if (!answer.has("Cache-Control")) out += "Cache-Control: no-store\r\n";
  if (!answer.has("Content-Security-Policy")) field(out, "Content-Security-Policy", api_policy);
  out +=
      "X-Content-Type-Options: nosniff\r\n"
      "X-Frame-Options: DENY\r\n"
      "Referrer-Policy: no-referrer\r\n"
      "Cross-Origin-Opener-Policy: same-origin\r\n"
      "Cross-Origin-Resource-Policy: same-origin\r\n"
      "Permissions-Policy: camera=(), geolocation=(), microphone=(), payment=(), usb=()\r\n";
  write_cors(out, r, config);
  out += "\r\n";
}

}  // namespace troupe::http
