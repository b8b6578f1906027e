#include "http/server/problem.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "http/server/target.hpp"

namespace troupe::http {

namespace {

namespace json = boost::json;

json::string text_of(std::string_view s) {
  return is_utf8(s) ? json::string(s) : json::string("(not UTF-8)");
}

std::string_view code_of(int status) {
  switch (status) {
    case 400: return "bad_request";
    case 401: return "unauthenticated";
    case 403: return "forbidden";
    case 404: return "not_found";
    case 405: return "method_not_allowed";
    case 408: return "request_timeout";
    case 413: return "too_large";
    case 414: return "target_too_long";
    case 415: return "unsupported_media_type";
    case 417: return "expectation_failed";
    case 426: return "upgrade_required";
    case 428: return "precondition_required";
    case 429: return "too_many_requests";
    case 431: return "header_too_large";
    case 501: return "not_implemented";
    case 503: return "unavailable";
    case 505: return "version_not_supported";
    default: return "error";
  }
}

}  // namespace

std::string retry_after_seconds(std::chrono::milliseconds wait) {
  return std::to_string(std::max<std::int64_t>(1, (wait.count() + 999) / 1000));
}

response to_response(const problem& p) {
  json::object out;
  out["type"] = "urn:troupe:problem:" + std::string(p.code);
  out["title"] = reason_phrase(p.status);
  out["status"] = p.status;
  if (!p.detail.empty()) out["detail"] = text_of(p.detail);
  for (const auto& [name, count] : p.counts) out[name] = count;
  if (!p.errors.empty()) {
    json::array items;
    for (const auto& e : p.errors) {
      json::object item;
      if (e.index) item["index"] = *e.index;
      if (!e.field.empty()) item["field"] = text_of(e.field);
      item["error"] = text_of(e.error);
      items.push_back(std::move(item));
    }
    out["errors"] = std::move(items);
  }
  response r;
  r.status = p.status;
  r.content_type = "application/problem+json";
  r.body = json::serialize(out);
  r.detail = p.detail;
  if (p.status == 429 || p.status == 503 || p.status == 507 || p.retry_after.count() > 0) {
    r.with("Retry-After", retry_after_seconds(p.retry_after));
  }
  if (p.status == 401) r.with("WWW-Authenticate", "Bearer realm=\"troupe\"");
  return r;
}

response to_response(const failure& f) {
  problem p{.status = http_status(f.code), .code = to_string(f.code), .detail = f.detail};
  p.retry_after = f.retry_after;
  if (!f.field.empty()) p.errors.push_back({.field = f.field, .error = f.detail});
  return to_response(p);
}

response problem_response(errc code, std::string_view detail, std::string_view field) {
  failure f{code};
  f.detail = detail;
  f.field = field;
  return to_response(f);
}

response status_problem(int status, std::string_view detail) {
  problem p{.status = status, .code = code_of(status)};
  p.detail = detail;
  return to_response(p);
}

}  // namespace troupe::http
