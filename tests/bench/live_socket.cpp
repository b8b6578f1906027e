#include "tests/bench/live_socket.hpp"

#include <stdexcept>

namespace troupe::bench {

namespace {

std::string base64url(std::string_view bytes) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string out;
  unsigned bits = 0, held = 0;
  for (char c : bytes) {
    held = held << 8 | static_cast<unsigned char>(c);
    for (bits += 8; bits >= 6; bits -= 6) out.push_back(alphabet[held >> (bits - 6) & 63]);
  }
  if (bits > 0) out.push_back(alphabet[held << (6 - bits) & 63]);
  return out;
}

std::string_view path_of(dialect d) {
  switch (d) {
    case dialect::troupe:
    case dialect::troupe_bare: return "/socket/websocket?vsn=2.0.0";
    case dialect::nats:
    case dialect::node_ws: return "/";
    case dialect::socket_io: return "/socket.io/?EIO=4&transport=websocket";
  }
  return "/";
}

}  // namespace

dialect dialect_named(std::string_view name) {
  if (name == "troupe") return dialect::troupe;
  if (name == "troupe-bare") return dialect::troupe_bare;
  if (name == "nats") return dialect::nats;
  if (name == "ws") return dialect::node_ws;
  if (name == "socket.io") return dialect::socket_io;
  throw std::runtime_error("no live server is called " + std::string(name));
}

live_socket::live_socket(loop& on, const live_target& to, std::uint32_t source, on_payload payload)
    : byte_stream(on, to.port, source), to_(to), payload_(std::move(payload)) {
  std::string head = "GET " + std::string(path_of(to.speaks)) +
                     " HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                     "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  if (to.speaks == dialect::troupe || to.speaks == dialect::troupe_bare)
    head += "Sec-WebSocket-Protocol: phoenix, base64url.bearer.phx." + base64url(to.key) + "\r\n";
  write(head + "\r\n");
}

std::size_t live_socket::received(std::string_view bytes) {
  std::size_t used = 0;
  if (state_ == state::upgrading) {
    auto end = bytes.find("\r\n\r\n");
    if (end == std::string_view::npos) return 0;
    if (!bytes.starts_with("HTTP/1.1 101")) {
      hang_up();
      return bytes.size();
    }
    used = end + 4;
    state_ = state::subscribing;
    opened();
  }
  return used + read_frames(bytes.substr(used));
}

std::size_t live_socket::read_frames(std::string_view bytes) {
  std::size_t used = 0;
  auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[used + i]); };
  while (bytes.size() - used >= 2 && is_open()) {
    std::size_t head = 2, length = byte(1) & 127U;
    if (length >= 126) {
      std::size_t wide = length == 126 ? 2 : 8;
      if (bytes.size() - used < 2 + wide) break;
      length = 0;
      for (std::size_t i = 0; i < wide; ++i) length = length << 8 | byte(2 + i);
      head += wide;
    }
    if (bytes.size() - used < head + length) break;
    auto payload = bytes.substr(used + head, length);
    switch (byte(0) & 15U) {
      case 8: hang_up(); return bytes.size();
      case 9: send_frame(10, payload); break;
      case 10: break;
      default: message(payload);
    }
    used += head + length;
  }
  return used;
}

void live_socket::opened() {
  switch (to_.speaks) {
    case dialect::troupe: return send_text(R"(["1","1",")" + to_.topic + R"(","phx_join",{}])");
    case dialect::nats:
      return send_text("CONNECT {\"verbose\":false,\"echo\":false}\r\nSUB bench 1\r\nPING\r\n");
    case dialect::socket_io: return send_text("40");
    case dialect::troupe_bare:
    case dialect::node_ws: state_ = state::ready;
  }
}

void live_socket::message(std::string_view payload) {
  if (state_ == state::subscribing) {
    bool said = to_.speaks == dialect::troupe ? payload.find("\"status\":\"ok\"") != std::string_view::npos
                : to_.speaks == dialect::nats ? payload.find("PONG") != std::string_view::npos
                                              : payload.starts_with("40");
    if (said) state_ = state::ready;
    return;
  }
  if (to_.speaks == dialect::nats && payload == "PING\r\n") return send_text("PONG\r\n");
  if (to_.speaks == dialect::socket_io && payload == "2") return send_text("3");
  if (payload_) payload_(*this, payload);
}

void live_socket::keep_alive() {
  if (to_.speaks == dialect::troupe || to_.speaks == dialect::troupe_bare)
    send_text(R"([null,"h","phoenix","heartbeat",{}])");
}

void live_socket::send_frame(unsigned opcode, std::string_view payload) {
  std::string frame{static_cast<char>(0x80U | opcode)};
  if (payload.size() < 126) {
    frame.push_back(static_cast<char>(0x80U | payload.size()));
  } else {
    frame.push_back(static_cast<char>(0x80U | 126U));
    frame.push_back(static_cast<char>(payload.size() >> 8));
    frame.push_back(static_cast<char>(payload.size()));
  }
  frame.append(4, '\0');  // a mask of zeros leaves the payload as it is
  write(frame.append(payload));
}

}  // namespace troupe::bench
