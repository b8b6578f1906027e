// Messages of Phoenix Channels, serializer version 2.0.0.
//
// Text:   [join_ref, ref, topic, event, payload]
// Binary, from clients: a byte 0, one byte each with the sizes of join_ref, ref, topic and event, these four, payload.
#pragma once

#include <boost/json/object.hpp>

#include <optional>
#include <string>
#include <string_view>

#include "protocol/result.hpp"

namespace troupe::http {

struct channel_message {
  std::optional<std::string> join_ref, ref;
  std::string topic, event;
  boost::json::object payload;  // of a text message; {} if it was no object
  std::string bytes;            // of a binary one
};

result<channel_message> parse_channel_text(std::string_view text);
result<channel_message> parse_channel_binary(std::string_view bytes);

// [join_ref, ref, topic, "phx_reply", {"status": status, "response": response}]; 'response' is JSON.
std::string channel_reply(const channel_message& to, std::string_view status, std::string_view response);
// [join_ref, null, topic, event, payload]
std::string channel_push(const std::optional<std::string>& join_ref, std::string_view topic,
                         std::string_view event, std::string_view payload);

}  // namespace troupe::http
