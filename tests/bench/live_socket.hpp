// A WebSocket reader of one of the live servers: it opens, subscribes as that server wants it, answers its pings, and
// hands over every payload. The same decoder for all, so that the client costs each server the same.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "tests/bench/byte_stream.hpp"

namespace troupe::bench {

// What a server speaks inside WebSocket. 'troupe' joins a Phoenix channel, 'troupe_bare' only opens the socket.
enum class dialect : std::uint8_t { troupe, troupe_bare, nats, node_ws, socket_io };
dialect dialect_named(std::string_view name);

struct live_target {
  dialect speaks = dialect::troupe;
  std::uint16_t port = 0;
  std::string key, topic = "events";  // Troupe
};

class live_socket final : public byte_stream {
 public:
  using on_payload = std::function<void(live_socket&, std::string_view)>;
  live_socket(loop& on, const live_target& to, std::uint32_t source, on_payload payload);

  // Subscribed, as far as the server tells.
  bool is_ready() const { return state_ == state::ready; }
  bool was_closed() const { return !is_open(); }
  void send_text(std::string_view text) { send_frame(1, text); }
  // What keeps an idle socket alive, where the client has to do that.
  void keep_alive();

  std::uint64_t delivered = 0;

 private:
  enum class state : std::uint8_t { upgrading, subscribing, ready };
  std::size_t received(std::string_view bytes) override;
  std::size_t read_frames(std::string_view bytes);
  void opened();
  void message(std::string_view payload);
  void send_frame(unsigned opcode, std::string_view payload);

  const live_target& to_;
  on_payload payload_;
  state state_ = state::upgrading;
};

}  // namespace troupe::bench
