#include "http/server/request_check.hpp"

#include <algorithm>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/error.hpp>
#include <string>

#include "http/server/problem.hpp"
#include "http/server/request_head.hpp"

namespace troupe::http {

namespace {

namespace bhttp = boost::beast::http;
using message = bhttp::request<bhttp::empty_body>;

std::string_view view(boost::beast::string_view s) { return {s.data(), s.size()}; }

bool is_host(std::string_view host) {
  static constexpr std::string_view marks = "-._~%!$&'()*+,;=:[]";
  return std::all_of(host.begin(), host.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           marks.find(c) != std::string_view::npos;
  });
}

std::optional<response> refusal_of_host(const message& m, const request& r) {
  auto hosts = m.count(bhttp::field::host);
  if (hosts > 1 || (hosts == 0 && !r.http_1_0)) {
    return status_problem(400, "A request has exactly one Host field.");
  }
  if (!is_host(view(m[bhttp::field::host]))) return status_problem(400, "The Host field names no host.");
  return {};
}

std::optional<response> refusal_of_framing(const message& m, const request& r) {
  if (auto codings = m.count(bhttp::field::transfer_encoding); codings > 0) {
    bool chunked = boost::beast::iequals(m[bhttp::field::transfer_encoding], "chunked");
    if (r.http_1_0 || codings > 1 || !chunked) {
      return status_problem(501, "The only transfer coding read here is chunked, in HTTP/1.1.");
    }
  }
  if (auto lengths = m.count(bhttp::field::content_length); lengths > 0) {
    auto text = view(m[bhttp::field::content_length]);
    bool digits = std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (lengths > 1 || !digits) return status_problem(400, "A request has at most one Content-Length.");
  }
  return {};
}

}  // namespace

response refusal_of_parse_error(boost::system::error_code ec, std::string_view seen, has_target target) {
  auto line = seen.substr(0, seen.find("\r\n"));
  if (ec == bhttp::error::header_limit || ec == bhttp::error::buffer_overflow) {
    bool in_target = target == has_target::no && line.size() == seen.size();
    return in_target ? status_problem(414, "The request target is too long.")
                     : status_problem(431, "The head of the request is too large.");
  }
  auto version = line.substr(line.size() - std::min<std::size_t>(line.size(), 8));
  bool other = version.size() == 8 && version.starts_with("HTTP/") && version[6] == '.' &&
               !version.starts_with("HTTP/1.");
  if (ec == bhttp::error::bad_version && other) {
    return status_problem(505, "HTTP/1.1 is spoken here.");
  }
  return status_problem(400, "The request is not well-formed HTTP/1.1: " + ec.message() + ".");
}

bool has_folded_line(std::string_view head) {
  for (auto at = head.find('\n'); at != std::string_view::npos; at = head.find('\n', at + 1)) {
    if (at + 1 < head.size() && (head[at + 1] == ' ' || head[at + 1] == '\t')) return true;
  }
  return false;
}

std::optional<response> refusal_of_head(request& r, const edge_limits& limits) {
  const auto& m = r.head->message;
  if (auto refusal = refusal_of_host(m, r)) return refusal;
  if (auto refusal = refusal_of_framing(m, r)) return refusal;
  auto fields = static_cast<std::size_t>(std::distance(m.begin(), m.end()));
  if (fields > limits.head_fields_max) {
    return status_problem(431, "The head of the request has too many fields.");
  }
  if (m.target().size() > limits.target_bytes_max) {
    return status_problem(414, "The request target is too long.");
  }
  if (m.method() == bhttp::verb::unknown || m.method() == bhttp::verb::connect) {
    return status_problem(501, "This method is not known here.");
  }
  auto where = parse_target(view(m.target()));
  if (!where || (where->path == "*" && r.method != verb::options)) {
    return status_problem(400, "The request target is broken: check its form, its escapes and its UTF-8.");
  }
  r.where = std::move(*where);
  return {};
}

}  // namespace troupe::http
