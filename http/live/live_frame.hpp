// One push, encoded once and shared by every reader of its topic.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "http/websocket/frame.hpp"
#include "protocol/ids.hpp"

namespace troupe::http {

struct live_frame {
  std::string topic_key;
  shard_id shard;
  std::uint64_t last_seq = 0;  // of the events in it; 0: not numbered, a state
  wire_ptr channel;            // a Phoenix message: [null,null,topic,event,payload]
  std::size_t list_at = 0;     // where its list of events begins in the message; 0: it has none
  std::shared_ptr<const std::string> stream;  // a server-sent event; empty unless somebody reads it so

  std::size_t bytes() const {
    return (channel ? channel->plain().size() : 0) + (stream ? stream->size() : 0);
  }
};
using frame_ptr = std::shared_ptr<const live_frame>;

// Ends the list and the message that channel_text_begin() began.
inline constexpr std::string_view list_end = "]}]";
// One push with the events of all of them; the offset is that of the last.
wire_ptr merged(std::span<const frame_ptr> frames);

// Frames of one topic on the I/O thread they are being delivered on: either one, or several with events.
struct delivery {
  std::span<const frame_ptr> frames;
  frame_ref channel;  // all of them in one push

  explicit delivery(std::span<const frame_ptr> f)
      : frames(f), channel(f.size() == 1 ? f.front()->channel : merged(f)) {}
  bool is_state() const { return frames.front()->last_seq == 0; }
};

// "[null,null,<topic>,<event>," with room for a frame's header before it: a message is built behind it, ended by "]".
std::string channel_text_begin(std::string_view topic_json, std::string_view event);
wire_ptr channel_text(std::string_view topic_json, std::string_view event, std::string_view payload);
// "id: <epoch>:<offset>\nevent: <event>\ndata: <payload>\n\n"; no id line when 'id' is empty.
std::string stream_text(std::string_view id, std::string_view event, std::string_view payload);
// The payload that tells of a dashboard that is gone.
std::string deleted_json(std::string_view dashboard_id);
// A JSON string with its quotes.
std::string json_string(std::string_view text);

}  // namespace troupe::http
