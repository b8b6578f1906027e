#include "tests/support/wire_socket.hpp"

#include <netinet/tcp.h>

#include <algorithm>

#include "http/server/text.hpp"

namespace troupe::test {

namespace {

void append_big_endian(std::string& out, std::uint64_t value, int bytes) {
  for (int i = bytes; i-- > 0;) out.push_back(static_cast<char>(value >> (8 * i)));
}

}  // namespace

std::string client_frame(int first, std::string_view payload) {
  std::string out(1, static_cast<char>(first));
  auto size = payload.size();
  if (size < 126) {
    append_big_endian(out, 0x80 | size, 1);
  } else if (size < 65536) {
    append_big_endian(out, 0x80 | 126, 1);
    append_big_endian(out, size, 2);
  } else {
    append_big_endian(out, 0x80 | 127, 1);
    append_big_endian(out, size, 8);
  }
  static constexpr char mask[] = {0x37, 0x7a, 0x21, 0x3d};
  out.append(mask, 4);
  for (std::size_t i = 0; i < size; ++i) out.push_back(static_cast<char>(payload[i] ^ mask[i % 4]));
  return out;
}

std::string close_frame(int code, std::string_view reason) {
  std::string payload;
  append_big_endian(payload, static_cast<std::uint64_t>(code), 2);
  return client_frame(0x88, payload.append(reason));
}

std::string fragmented(int first, std::string_view payload, std::size_t size) {
  std::string out;
  int kind = first & 0x7f;
  do {
    auto piece = payload.substr(0, size);
    payload.remove_prefix(piece.size());
    out += client_frame(kind | (payload.empty() ? 0x80 : 0), piece);
    kind = 0;
  } while (!payload.empty());
  return out;
}

wire_socket::wire_socket(std::uint16_t port, std::string_view path, std::string_view lines) : tcp_(port) {
  int on = 1;
  setsockopt(tcp_.descriptor(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  tcp_.send(http::concat({"GET ", path,
                          " HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                          "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
                          lines, "\r\n"}));
  std::size_t end;
  while ((end = input_.find("\r\n\r\n")) == std::string::npos)
    if (!fill()) return;
  head_ = input_.substr(0, end + 4);
  at_ = end + 4;
  status_ = std::stoi(head_.substr(9, 3));
}

void wire_socket::send(std::string_view bytes, std::size_t piece) {
  if (piece == 0) piece = std::max<std::size_t>(bytes.size(), 1);
  for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size())))
    tcp_.send(bytes.substr(0, piece));
}

bool wire_socket::fill() {
  auto more = tcp_.receive_some();
  input_ += more;
  return !more.empty();
}

bool wire_socket::need(std::size_t bytes) {
  while (input_.size() - at_ < bytes)
    if (!fill()) return false;
  return true;
}

std::optional<wire_message> wire_socket::next() {
  if (!need(2)) return std::nullopt;
  auto byte = [this](std::size_t i) { return static_cast<std::uint8_t>(input_[at_ + i]); };
  std::size_t size = byte(1), head = 2;
  if (size >= 126) {
    std::size_t bytes = size == 126 ? 2 : 8;
    if (!need(2 + bytes)) return std::nullopt;
    size = 0;
    for (std::size_t i = 0; i < bytes; ++i) size = size << 8 | byte(2 + i);
    head += bytes;
  }
  if (!need(head + size)) return std::nullopt;
  wire_message out{byte(0), input_.substr(at_ + head, size)};
  at_ += head + size;
  if (at_ == input_.size()) {
    input_.clear();
    at_ = 0;
  }
  return out;
}

int wire_socket::code_of(const wire_message& close) {
  if ((close.first & 0x0f) != 8) return 1006;
  if (close.payload.size() < 2) return 1005;
  return static_cast<unsigned char>(close.payload[0]) << 8 | static_cast<unsigned char>(close.payload[1]);
}

}  // namespace troupe::test
