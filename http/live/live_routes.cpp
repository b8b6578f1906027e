#include "http/live/live_routes.hpp"

#include <sodium.h>

#include <algorithm>
#include <charconv>
#include <tuple>

#include "http/live/channel_socket.hpp"
#include "http/live/event_stream.hpp"
#include "http/server/problem.hpp"
#include "http/server/text.hpp"
#include "http/websocket/deflate.hpp"
#include "http/websocket/handshake.hpp"

namespace troupe::http {

namespace {

constexpr std::string_view bearer_prefix = "base64url.bearer.phx.";

// Base64 of either alphabet, padded or not; empty if it is neither.
std::string decode_base64(std::string_view text) {
  std::string url(text);
  for (char& c : url) c = c == '+' ? '-' : c == '/' ? '_' : c;
  while (url.ends_with('=')) url.pop_back();
  std::string out(url.size(), '\0');
  std::size_t size = 0;
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(out.data()), out.size(), url.data(), url.size(),
                        nullptr, &size, nullptr, sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0)
    return {};
  out.resize(size);
  return out;
}

// "last_hour", "last_24_hours", "15m": a span in milliseconds, at most a year.
std::optional<std::int64_t> range_ms(std::string_view text) {
  if (text.starts_with("last_")) text.remove_prefix(5);
  std::int64_t count = 1;
  auto digits = std::min(text.find_first_not_of("0123456789"), text.size());
  if (digits > 5) return {};
  if (digits > 0) {
    std::from_chars(text.data(), text.data() + digits, count);
    text.remove_prefix(digits);
  }
  if (text.starts_with("_")) text.remove_prefix(1);
  static constexpr std::tuple<std::string_view, std::string_view, std::int64_t> units[] = {
      {"s", "second", 1},
      {"m", "minute", 60},
      {"h", "hour", 3600},
      {"d", "day", 86400},
      {"w", "week", 604800}};
  for (auto [letter, word, seconds] : units) {
    bool fits = text == letter || text == word || (text.starts_with(word) && text.substr(word.size()) == "s");
    if (fits && count > 0 && count * seconds <= 366 * 86400) return count * seconds * 1000;
  }
  return {};
}

void open_socket(live_context& context, const request_ptr& r, const responder& back) {
  if (auto refused = refuse_handshake(*r)) return back(std::move(*refused));
  if (auto vsn = r->parameter("vsn"); vsn && !vsn->starts_with("2."))
    return back(problem_response(errc::invalid_argument,
                                 "Channels are spoken in version 2.0.0: connect with vsn=2.0.0.", "vsn"));
  if (!is_origin_allowed(r->field("Origin"), r->field("Host"), context.api.core.config.allowed_origins))
    return back(problem_response(errc::forbidden,
                                 "Pages of this origin may not connect: add it to cors_origins.", "Origin"));
  auto offer = read_subprotocols(joined_fields(*r, "Sec-WebSocket-Protocol"));
  std::optional<principal> who;
  if (!offer.key.empty()) {
    auto found = context.api.keys.authenticate(offer.key, r->remote);
    if (!found) return back(to_response(found.error()));
    who = std::move(*found);
  }
  auto seated = who ? context.live.take_seat(*who) : result<seat>(seat());
  if (!seated) return back(to_response(seated.error()));
  std::optional<std::string> extensions;
  if (context.limits().socket_compression)
    extensions = agree_on_deflate(joined_fields(*r, "Sec-WebSocket-Extensions"));
  response taken;
  taken.status = 101;
  taken.next = std::make_shared<channel_socket>(
      context, std::move(who), std::move(*seated),
      write_handshake(*r, offer.phoenix ? "phoenix" : "", extensions.value_or("")),
      extensions ? deflating::yes : deflating::no);
  back(std::move(taken));
}

void open_stream(live_context& context, const request_ptr& r, const responder& back) {
  if (auto refused = refuse_key(context.api.keys, *r, permission::read)) return back(std::move(*refused));
  auto range = r->parameter("time_range");
  auto back_ms = range ? range_ms(*range) : std::optional<std::int64_t>(0);
  if (!back_ms)
    return back(problem_response(errc::invalid_argument,
                                 "time_range is like last_hour, last_24_hours or 15m.", "time_range"));
  auto seated = context.live.take_seat(r->who);
  if (!seated) return back(to_response(seated.error()));
  response taken;
  taken.content_type = "text/event-stream";
  taken.with("Cache-Control", "no-store").with("X-Accel-Buffering", "no");
  taken.next = std::make_shared<event_stream>(context, r->who, std::move(*seated),
                                              std::string(r->field("Last-Event-ID")),
                                              *back_ms == 0 ? 0 : now_us() - *back_ms * 1000);
  back(std::move(taken));
}

const std::vector<body_doc> problem_body{{"application/problem+json", "Problem", {}}};

operation_doc socket_doc() {
  operation_doc doc{
      "openSocket", "Live", "Open a WebSocket of Phoenix Channels",
      "Phoenix Channels 2.0.0. The key goes in the sub-protocol `base64url.bearer.phx.<key>` (the phoenix "
      "client's authToken) or as `token` in the payload of each join. Topics: `events`, `agents`, "
      "`agent:<id>`, `team:<name>`, `dashboard:<id>`, `insight:<view>` (memory, tokens, knowledge, "
      "collaboration, teams, patterns), `system`. Pushes on them: `events` on events, agent and team; "
      "`agents` on agents; `agent` "
      "on "
      "agent; `dashboard` and `dashboard_deleted` on dashboard; `changed` on insight, when figures of that "
      "view have changed; `limit` on insight:tokens, when "
      "the state of a limit has changed; `stats` on system; `presence_state` and `presence_diff` where there "
      "is presence. A join with `recover: {epoch, offset}` gets what it missed. A "
      "join of `agents` is answered with a `snapshot` of up to 5000 agents; `snapshot_truncated` is true if "
      "there are more: list them at /api/v2/agents. A join of `dashboard:<id>` is answered with the "
      "dashboard as "
      "its `snapshot`."};
  doc.parameters = {
      {"vsn", "query", R"({"type":"string","default":"2.0.0"})", "Version of the serializer", "\"2.0.0\""}};
  doc.answers = {{101,
                  "The connection is a WebSocket now. The schema is that of its messages to the client.",
                  {{"application/json", "SocketMessage", {}}}},
                 {401, "The key is unknown or revoked", problem_body},
                 {403, "Pages of this origin may not connect", problem_body},
                 {426, "Not a WebSocket request", problem_body}};
  return doc;
}

operation_doc stream_doc() {
  operation_doc doc{
      "streamTelemetry", "Live", "Follow events as server-sent events",
      "Each message has an id; reconnecting with Last-Event-ID goes on behind it, without gap or duplicate. "
      "A message `reset` says that this is not possible any more. A node that is starting answers when it "
      "can, "
      "for up to 30 s: a browser's EventSource gives up at a 503."};
  doc.parameters = {
      {"time_range", "query", R"({"type":"string"})",
       "Begin with the newest events of this span: last_minute, last_hour, last_day, last_week, "
       "last_24_hours, or 90s, 15m, 6h, 7d.",
       "\"last_hour\""},
      {"Last-Event-ID", "header", R"({"type":"string"})", "The id of the last message seen"}};
  doc.answers = {{200, "Events, as they happen", {{"text/event-stream", R"({"type":"string"})", {}}}}};
  return doc;
}

}  // namespace

subprotocol_offer read_subprotocols(std::string_view header) {
  subprotocol_offer offer;
  while (!header.empty()) {
    auto one = take_part(header, ',');
    if (one == "phoenix") offer.phoenix = true;
    if (one.starts_with(bearer_prefix)) offer.key = decode_base64(one.substr(bearer_prefix.size()));
  }
  return offer;
}

bool is_origin_allowed(std::string_view origin, std::string_view host,
                       const std::vector<std::string>& allowed) {
  if (origin.empty()) return true;
  auto scheme = origin.find("://");
  if (scheme != std::string_view::npos && !host.empty() && origin.substr(scheme + 3) == host) return true;
  return std::any_of(allowed.begin(), allowed.end(),
                     [&](const auto& one) { return one == origin || one == "*"; });
}

void add_live_routes(live_context& context, std::vector<route>& to) {
  to.push_back({verb::get, "/socket/websocket", permission::open,
                [&context](const request_ptr& r, responder back) { open_socket(context, r, back); },
                socket_doc()});
  to.push_back({verb::get, "/api/livebook/stream/telemetry", permission::read,
                [&context](const request_ptr& r, responder back) {
                  auto open = [&context, r, back] { open_stream(context, r, back); };
                  if (bearer_of(r->field("Authorization")).empty()) return open();  // to be told so
                  context.early.enter(back, open);
                },
                stream_doc()});
  to.back().is_gated = false;
  to.back().lets_in = true;
}

}  // namespace troupe::http
