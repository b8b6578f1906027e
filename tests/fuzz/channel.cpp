// Messages of channels, text and binary, as a socket gives them: parsed or refused, and answers to them are JSON whatever
// the client called its refs and topics. Topics are taken apart, and JSON bodies of requests with them.
//
// The first byte of the input says which of the three the rest is.
#include "http/live/channel_message.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "http/live/live_frame.hpp"
#include "http/live/topic.hpp"
#include "http/routes/parameters.hpp"
#include "protocol/limits.hpp"
#include "protocol/must.hpp"
#include "tests/fuzz/support/memory_peak.hpp"
#include "tests/fuzz/support/parsed.hpp"

using namespace troupe;
using namespace troupe::http;
namespace json = boost::json;

namespace {

std::string_view view(const json::string& s) { return {s.data(), s.size()}; }

// Of an unmasked frame.
std::string_view message_of(std::string_view frame) {
  auto length = static_cast<unsigned char>(frame.at(1));
  return frame.substr(length < 126 ? 2 : length == 126 ? 4 : 10);
}

void check_message(const channel_message& m) {
  auto reply = channel_reply(m, "ok", "{}");
  auto read = json::parse(reply);
  auto& parts = read.as_array();
  must(parts.size() == 5 && view(parts[2].as_string()) == m.topic, "a reply names its topic");
  must(m.ref ? view(parts[1].as_string()) == *m.ref : parts[1].is_null(), "a reply names the message's ref");
  must(m.join_ref ? view(parts[0].as_string()) == *m.join_ref : parts[0].is_null(), "and its join");
  must(fuzz::is_json(channel_push(m.join_ref, m.topic, m.event, json::serialize(m.payload))),
       "a push is JSON");
  auto frame = channel_text(json_string(m.topic), "events", json::serialize(m.payload));
  must(fuzz::is_json(message_of(frame->plain())), "a frame is JSON");
  auto stream = stream_text("1:2", "events", json::serialize(m.payload));
  must(stream.ends_with("\n\n") && stream.find("\n\n") == stream.size() - 2,
       "a stream's message is one message");
  if (auto t = parse_topic("org", m.topic)) {
    must(t->name == m.topic && t->id.size() <= limits::id_bytes_max, "a topic keeps its name");
    must(t->key() == "org" + std::string(1, '\0') + m.topic, "a topic belongs to its organisation");
  }
}

void check_body(std::string body) {
  request r;
  r.body = std::move(body);
  body_fields fields(r);
  bool sound = true;
  if (auto name = fields.text("name", 16, body_fields::need::required)) sound &= name->size() <= 16;
  if (auto n = fields.integer("n", -5, 5)) sound &= *n >= -5 && *n <= 5;
  fields.flag("flag");
  if (auto tags = fields.texts("tags")) sound &= tags->size() <= limits::list_items_max;
  if (auto object = fields.object("metadata", 64)) sound &= object->size() <= 64 && fuzz::is_json(*object);
  if (auto any = fields.any("input", 64)) sound &= any->size() <= 64 && fuzz::is_json(*any);
  must(sound, "fields are within their bounds");
  if (auto refusal = fields.refusal()) must(fuzz::is_json(refusal->payload()), "a refusal is JSON");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {  // NOLINT
  if (size == 0) return 0;
  std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  fuzz::memory_peak peak;
  if (data[0] % 3 == 2) {
    check_body(bytes);
  } else {
    auto message = data[0] % 3 == 0 ? parse_channel_text(bytes) : parse_channel_binary(bytes);
    if (message) check_message(*message);
  }
  must(peak.bytes() <= 64 * 1024 + 200 * size, "memory is in proportion to the message");
  return 0;
}
