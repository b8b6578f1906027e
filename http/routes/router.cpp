#include "http/routes/router.hpp"

#include <boost/beast/core/string.hpp>

#include "http/server/problem.hpp"
#include "http/server/response_head.hpp"
#include "http/server/text.hpp"

namespace troupe::http {

namespace {

constexpr std::string_view all_methods = "GET, HEAD, POST, PATCH, DELETE";
constexpr std::string_view fallback_name = "/{file}";

bool is_capture(std::string_view segment) { return segment.starts_with('{'); }

std::vector<std::string_view> split(std::string_view pattern) {
  std::vector<std::string_view> out;
  pattern.remove_prefix(1);
  while (true) {
    auto slash = pattern.find('/');
    out.push_back(pattern.substr(0, slash));
    if (slash == std::string_view::npos) return out;
    pattern.remove_prefix(slash + 1);
  }
}

// Paths that belong to the API even where no route is: never answered with the page.
bool is_api_path(const target& where) {
  const auto& first = where.segments.empty() ? std::string() : where.segments[0];
  return first == "api" || first == "v1" || first == "socket";
}

void add_method(std::string& allow, verb v) {
  auto name = to_string(v);
  if (allow.find(name) != std::string::npos) return;
  if (!allow.empty()) allow += ", ";
  allow += name;
}

}  // namespace

std::string_view bearer_of(std::string_view authorization) {
  if (authorization.size() < 7) return {};
  auto scheme = authorization.substr(0, 7);
  if (!boost::beast::iequals({scheme.data(), scheme.size()}, "Bearer ")) return {};
  auto key = authorization.substr(7);
  while (!key.empty() && key.front() == ' ') key.remove_prefix(1);
  while (!key.empty() && key.back() == ' ') key.remove_suffix(1);
  return key;
}

router::router(server_core& core, authenticator& keys, std::vector<route> routes, handler fallback)
    : core_(core), keys_(keys), routes_(std::move(routes)), fallback_(std::move(fallback)) {
  for (const auto& r : routes_) {
    compiled c{split(r.pattern), 0};
    for (auto s : c.segments) c.literals += !is_capture(s);
    compiled_.push_back(std::move(c));
  }
}

bool router::matches(const compiled& pattern, const std::vector<std::string>& segments) const {
  if (pattern.segments.size() != segments.size()) return false;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    if (is_capture(pattern.segments[i]) ? segments[i].empty() : pattern.segments[i] != segments[i]) {
      return false;
    }
  }
  return true;
}

router::found router::find(request& r) const {
  found out;
  const compiled* best = nullptr;
  auto method = r.method == verb::head ? verb::get : r.method;
  for (std::size_t i = 0; i < routes_.size(); ++i) {
    if (r.entry == surface::otlp && routes_[i].listens == where::main_only) continue;
    if (!matches(compiled_[i], r.where.segments)) continue;
    add_method(out.allow, routes_[i].method);
    if (routes_[i].method == verb::get) add_method(out.allow, verb::head);
    if (routes_[i].method != method) continue;
    if (best && best->literals >= compiled_[i].literals) continue;
    best = &compiled_[i];
    out.match = &routes_[i];
  }
  if (!best) return out;
  for (std::size_t i = 0; i < best->segments.size(); ++i) {
    if (is_capture(best->segments[i])) r.captures.push_back(r.where.segments[i]);
  }
  return out;
}

router::verdict router::options_answer(const request& r, std::string_view allow) const {
  auto answer = response::empty(204);
  answer.with("Allow", concat({allow, ", OPTIONS"}));
  auto origin = r.field("Origin");
  if (!origin.empty() && r.find("Access-Control-Request-Method") && is_allowed_origin(core_.config, origin)) {
    answer.with("Access-Control-Allow-Methods", allow)
        .with("Access-Control-Allow-Headers",
              "Authorization, Content-Type, Content-Encoding, Idempotency-Key, If-Match, "
              "If-None-Match, Last-Event-ID, traceparent, X-Request-Id")
        .with("Access-Control-Max-Age", "600");
  }
  return {.refusal = std::move(answer)};
}

std::optional<response> refuse_key(authenticator& keys, request& r, permission needs) {
  if (needs == permission::open) return {};
  auto key = bearer_of(r.field("Authorization"));
  if (key.empty()) {
    return problem_response(errc::unauthenticated, "Send a key: 'Authorization: Bearer <key>'.");
  }
  auto who = keys.authenticate(key, r.remote);
  if (!who) return to_response(who.error());
  r.who = std::move(*who);
  if (may(r.who.is, needs)) return {};
  return problem_response(errc::forbidden,
                          concat({"A key of the role '", to_string(r.who.is), "' may not do this."}));
}

// Administration goes on under any load; what is open to all answers from memory.
load_gate* router::gate_of(permission needs) const {
  if (needs == permission::ingest) return &core_.writes;
  return needs == permission::read ? &core_.reads : nullptr;
}

router::verdict router::admit(request& r) {
  if (r.method == verb::options && r.where.path == "*") {
    return options_answer(r, all_methods);
  }
  auto way = find(r);
  if (way.match) {
    r.route = way.match->pattern;
    verdict out;
    out.run = &way.match->run;
    out.form = way.match->form;
    out.reads_large_bodies = way.match->reads_large_bodies;
    out.body_bytes_max =
        way.match->body_bytes_max ? way.match->body_bytes_max : core_.config.limits.json_body_bytes_max;
    if (!way.match->lets_in) out.refusal = refuse_key(keys_, r, way.match->needs);
    if (!out.refusal && way.match->is_gated) out.gate = gate_of(way.match->needs);
    return out;
  }
  bool known = !way.allow.empty();
  bool page = !known && r.entry == surface::main && fallback_ && !is_api_path(r.where);
  if (page) {
    r.route = fallback_name;
    way.allow = "GET, HEAD";
    if (r.method == verb::get || r.method == verb::head) return {.refusal = {}, .run = &fallback_};
  }
  if (!known && !page) return {.refusal = status_problem(404, "There is nothing at this path.")};
  if (r.method == verb::options) return options_answer(r, way.allow);
  auto refusal = status_problem(405, concat({"This path does not take ", to_string(r.method), "."}));
  refusal.with("Allow", concat({way.allow, ", OPTIONS"}));
  return {.refusal = std::move(refusal)};
}

}  // namespace troupe::http
