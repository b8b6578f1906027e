// One push, encoded once and shared by every reader of its topic.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "protocol/ids.hpp"

namespace troupe::http {

struct live_frame {
  std::string topic_key;
  shard_id shard;
  std::uint64_t last_seq = 0;                  // of the events in it; 0: not numbered, a state
  std::shared_ptr<const std::string> channel;  // a Phoenix message: [null,null,topic,event,payload]
  std::shared_ptr<const std::string> stream;   // a server-sent event; empty unless somebody reads it so
};
using frame_ptr = std::shared_ptr<const live_frame>;

// "[null,null,<topic>,<event>,<payload>]"
std::string channel_text(std::string_view topic, std::string_view event, std::string_view payload);
// "id: <epoch>:<offset>\nevent: <event>\ndata: <payload>\n\n"; no id line when 'id' is empty.
std::string stream_text(std::string_view id, std::string_view event, std::string_view payload);
// A JSON string with its quotes.
std::string json_string(std::string_view text);

}  // namespace troupe::http
