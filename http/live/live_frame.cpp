#include "http/live/live_frame.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>

namespace troupe::http {

std::string json_string(std::string_view text) {
  return boost::json::serialize(boost::json::string_view(text.data(), text.size()));
}

std::string channel_text(std::string_view topic, std::string_view event, std::string_view payload) {
  std::string out;
  out.reserve(topic.size() + event.size() + payload.size() + 32);
  out.append("[null,null,").append(json_string(topic)).append(",").append(json_string(event)).append(",");
  out.append(payload).append("]");
  return out;
}

std::string stream_text(std::string_view id, std::string_view event, std::string_view payload) {
  std::string out;
  out.reserve(id.size() + event.size() + payload.size() + 32);
  if (!id.empty()) out.append("id: ").append(id).append("\n");
  out.append("event: ").append(event).append("\ndata: ").append(payload).append("\n\n");
  return out;
}

}  // namespace troupe::http
