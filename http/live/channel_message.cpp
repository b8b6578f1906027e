#include "http/live/channel_message.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "http/live/live_frame.hpp"
#include "http/server/target.hpp"
#include "protocol/limits.hpp"

namespace troupe::http {

namespace {

namespace json = boost::json;

failure malformed(std::string what) { return {errc::invalid_argument, std::move(what)}; }

bool take_ref(const json::value& v, std::optional<std::string>& out) {
  if (v.is_null()) return true;
  if (v.is_string())
    out = std::string(v.get_string());
  else if (v.is_int64())
    out = std::to_string(v.get_int64());
  else
    return false;
  return true;
}

std::string ref_json(const std::optional<std::string>& ref) { return ref ? json_string(*ref) : "null"; }

}  // namespace

result<channel_message> parse_channel_text(std::string_view text) {
  json::error_code error;
  json::parse_options options;
  options.max_depth = limits::json_depth_max;
  auto value = json::parse({text.data(), text.size()}, error, {}, options);
  if (error) return malformed("not JSON: " + error.message());
  auto* parts = value.if_array();
  if (!parts || parts->size() != 5) return malformed("not [join_ref, ref, topic, event, payload]");
  channel_message m;
  auto& a = *parts;
  if (!take_ref(a[0], m.join_ref) || !take_ref(a[1], m.ref))
    return malformed("join_ref and ref are texts or null");
  if (!a[2].is_string() || !a[3].is_string()) return malformed("topic and event are texts");
  m.topic = std::string(a[2].get_string());
  m.event = std::string(a[3].get_string());
  if (auto* payload = a[4].if_object()) m.payload = std::move(*payload);
  return m;
}

result<channel_message> parse_channel_binary(std::string_view bytes) {
  if (bytes.size() < 5 || bytes[0] != 0)
    return malformed("a binary message begins with a byte 0 and four sizes");
  std::size_t sizes[4];
  for (int i = 0; i < 4; ++i) sizes[i] = static_cast<unsigned char>(bytes[static_cast<std::size_t>(i) + 1]);
  bytes.remove_prefix(5);
  std::string parts[4];
  for (int i = 0; i < 4; ++i) {
    if (bytes.size() < sizes[i]) return malformed("a binary message is shorter than its sizes say");
    parts[i] = std::string(bytes.substr(0, sizes[i]));
    bytes.remove_prefix(sizes[i]);
  }
  for (const auto& part : parts)
    if (!is_utf8(part)) return malformed("refs, topic and event are UTF-8");
  channel_message m;
  if (!parts[0].empty()) m.join_ref = std::move(parts[0]);
  if (!parts[1].empty()) m.ref = std::move(parts[1]);
  m.topic = std::move(parts[2]);
  m.event = std::move(parts[3]);
  m.bytes = std::string(bytes);
  return m;
}

std::string channel_reply(const channel_message& to, std::string_view status, std::string_view response) {
  std::string payload = "{\"status\":";
  payload.append(json_string(status)).append(",\"response\":").append(response).append("}");
  return "[" + ref_json(to.join_ref) + "," + ref_json(to.ref) + "," + json_string(to.topic) +
         ",\"phx_reply\"," + payload + "]";
}

std::string channel_push(const std::optional<std::string>& join_ref, std::string_view topic,
                         std::string_view event, std::string_view payload) {
  std::string out = "[" + ref_json(join_ref) + ",null," + json_string(topic) + "," + json_string(event) + ",";
  return out.append(payload).append("]");
}

}  // namespace troupe::http
