#include "http/live/live_frame.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>

namespace troupe::http {

std::string json_string(std::string_view text) {
  return boost::json::serialize(boost::json::string_view(text.data(), text.size()));
}

std::string deleted_json(std::string_view dashboard_id) {
  return "{\"dashboard_id\":" + json_string(dashboard_id) + "}";
}

std::string channel_text_begin(std::string_view topic_json, std::string_view event) {
  std::string out(wire_frame::header_room, '\0');
  out.append("[null,null,").append(topic_json).append(",\"").append(event).append("\",");
  return out;
}

wire_ptr channel_text(std::string_view topic_json, std::string_view event, std::string_view payload) {
  auto out = channel_text_begin(topic_json, event);
  out.reserve(out.size() + payload.size() + 1);
  out.append(payload).append("]");
  return std::make_shared<const wire_frame>(opcode::text, std::move(out));
}

wire_ptr merged(std::span<const frame_ptr> frames) {
  auto head = frames.back()->channel->message().substr(0, frames.back()->list_at);
  std::size_t size = head.size();
  for (auto& f : frames) size += f->channel->message().size() - f->list_at;
  std::string out(wire_frame::header_room, '\0');
  out.reserve(out.size() + size + frames.size());
  out.append(head);
  for (auto& f : frames) {
    auto list = f->channel->message().substr(f->list_at);
    list.remove_suffix(list_end.size());
    if (&f != &frames.front()) out.push_back(',');
    out.append(list);
  }
  out.append(list_end);
  return std::make_shared<const wire_frame>(opcode::text, std::move(out));
}

std::string stream_text(std::string_view id, std::string_view event, std::string_view payload) {
  std::string out;
  out.reserve(id.size() + event.size() + payload.size() + 32);
  if (!id.empty()) out.append("id: ").append(id).append("\n");
  out.append("event: ").append(event).append("\ndata: ").append(payload).append("\n\n");
  return out;
}

}  // namespace troupe::http
