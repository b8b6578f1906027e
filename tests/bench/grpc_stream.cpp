#include "tests/bench/grpc_stream.hpp"

#include <stdexcept>

namespace troupe::bench {

namespace {

constexpr std::uint8_t data = 0, headers = 1, settings = 4, ping = 6, goaway = 7, window_update = 8;
constexpr std::uint8_t acknowledgement = 1, end_stream = 1, end_headers = 4;
constexpr std::size_t frame_head_bytes = 9, message_head_bytes = 5;

void append_u32(std::string& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift & 0xff));
}

std::uint32_t read_u32(std::string_view from) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<std::uint8_t>(from[i]);
  return value;
}

void append_frame(std::string& out, std::uint8_t type, std::uint8_t flags, std::uint32_t stream,
                  std::string_view payload) {
  append_u32(out, static_cast<std::uint32_t>(payload.size()) << 8 | type);
  out.push_back(static_cast<char>(flags));
  append_u32(out, stream);
  out.append(payload);
}

// A header as HPACK's literal that is not indexed; texts under 127 bytes, as they are.
void append_text(std::string& out, std::string_view text) {
  out.push_back(static_cast<char>(text.size()));
  out.append(text);
}

std::string request_headers(std::string_view method) {
  std::string out = "\x83\x86\x04";  // :method POST, :scheme http, :path
  append_text(out, method);
  out.push_back('\x01');  // :authority
  append_text(out, "127.0.0.1");
  out.append("\x0f\x10");  // content-type
  append_text(out, "application/grpc");
  out.push_back('\0');
  append_text(out, "te");
  append_text(out, "trailers");
  return out;
}

}  // namespace

grpc_stream::grpc_stream(loop& on, std::uint16_t port, std::string_view method)
    : byte_stream(on, port), headers_(request_headers(method)) {
  out_ = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  append_frame(out_, settings, 0, 0, {});
  std::string room;
  append_u32(room, 0x7fffffff - 65'535);  // all that there may be: answers are small
  append_frame(out_, window_update, 0, 0, room);
}

std::uint32_t grpc_stream::call(std::string_view message) {
  auto stream = next_;
  next_ += 2;
  std::string body(1, '\0');
  append_u32(body, static_cast<std::uint32_t>(message.size()));
  body.append(message);
  std::string frames;
  append_frame(frames, headers, end_headers, stream, headers_);
  append_frame(frames, data, end_stream, stream, body);
  open_.emplace(stream, outcome::failed);
  waiting_.push_back(std::move(frames));
  return stream;
}

void grpc_stream::flush_calls() {
  while (!waiting_.empty()) {
    auto counted =
        static_cast<std::int64_t>(waiting_.front().size() - headers_.size() - 2 * frame_head_bytes);
    if (counted > room_) break;
    room_ -= counted;
    out_.append(waiting_.front());
    waiting_.pop_front();
  }
  write(out_);
  out_.clear();
}

std::size_t grpc_stream::received(std::string_view bytes) {
  std::size_t used = 0;
  while (bytes.size() - used >= frame_head_bytes) {
    auto head = read_u32(bytes.substr(used));
    auto length = head >> 8;
    if (bytes.size() - used < frame_head_bytes + length) break;
    auto flags = static_cast<std::uint8_t>(bytes[used + 4]);
    auto stream = read_u32(bytes.substr(used + 5)) & 0x7fffffff;
    take_frame(head & 0xff, flags, stream, bytes.substr(used + frame_head_bytes, length));
    used += frame_head_bytes + length;
  }
  flush_calls();
  return used;
}

void grpc_stream::take_frame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream,
                             std::string_view payload) {
  if (type == settings && !(flags & acknowledgement)) {
    append_frame(out_, settings, acknowledgement, 0, {});
  } else if (type == ping && !(flags & acknowledgement)) {
    append_frame(out_, ping, acknowledgement, 0, payload);
  } else if (type == window_update && stream == 0) {
    room_ += read_u32(payload);
  } else if (type == goaway) {
    throw std::runtime_error("gRPC: the server ends the connection: " + std::string(payload.substr(8)));
  } else if (type == data) {
    auto found = open_.find(stream);
    if (found != open_.end() && payload.size() > message_head_bytes) found->second = outcome::answered;
  }
  if ((type == data || type == headers) && (flags & end_stream)) end(stream);
}

void grpc_stream::end(std::uint32_t stream) {
  auto found = open_.find(stream);
  if (found == open_.end()) return;
  auto how = found->second;
  open_.erase(found);
  finished(stream, how);
}

void grpc_stream::closed() { throw std::runtime_error("gRPC: the server has closed the connection"); }

}  // namespace troupe::bench
