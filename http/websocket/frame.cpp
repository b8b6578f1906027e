#include "http/websocket/frame.hpp"

#include "http/websocket/deflate.hpp"
#include "protocol/must.hpp"

namespace troupe::http {

namespace {

constexpr std::uint8_t fin = 0x80, rsv1 = 0x40;
constexpr std::size_t deflated_bytes_min = 256;  // less is not worth a message's dictionary

}  // namespace

char* write_header(char* at, std::uint8_t first_byte, std::uint64_t size) noexcept {
  auto big_endian = [&at, size](int bytes) {
    for (int i = 0; i < bytes; ++i) *--at = static_cast<char>(size >> (8 * i));
  };
  if (size < 126) {
    *--at = static_cast<char>(size);
  } else if (size < 65536) {
    big_endian(2);
    *--at = 126;
  } else {
    big_endian(8);
    *--at = 127;
  }
  *--at = static_cast<char>(first_byte);
  return at;
}

wire_frame::wire_frame(opcode kind, std::string&& roomy) : bytes_(std::move(roomy)) {
  must(bytes_.size() >= header_room, "a message has room for its header");
  message_at_ = header_room;
  first_byte_ = static_cast<std::uint8_t>(fin | static_cast<std::uint8_t>(kind));
  auto* begins = write_header(bytes_.data() + header_room, first_byte_, bytes_.size() - header_room);
  begins_ = static_cast<std::uint8_t>(begins - bytes_.data());
  is_message_ = kind == opcode::text || kind == opcode::binary;
}

wire_ptr wire_frame::of(opcode kind, std::string_view message) {
  std::string roomy;
  roomy.reserve(header_room + message.size());
  roomy.append(header_room, '\0').append(message);
  return std::make_shared<const wire_frame>(kind, std::move(roomy));
}

wire_ptr wire_frame::raw(std::string bytes) {
  return wire_ptr(new wire_frame(unframed::yes, std::move(bytes)));
}

std::string_view wire_frame::deflated() const {
  if (!is_message_ || bytes_.size() < deflated_bytes_min) return plain();
  std::call_once(once_, [this] {
    auto message = std::string_view(bytes_).substr(message_at_);
    auto small = deflate_message(message);
    if (small.size() >= message.size()) return;
    char header[header_room];
    auto* begins = write_header(header + header_room, first_byte_ | rsv1, small.size());
    deflated_.assign(begins, header + header_room).append(small);
  });
  return deflated_.empty() ? plain() : std::string_view(deflated_);
}

}  // namespace troupe::http
