// A WebSocket client that sends whatever bytes it is told and takes frames apart by itself: for conversations that no
// sound client would have.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tests/support/tcp_client.hpp"

namespace troupe::test {

struct wire_message {
  std::uint8_t first = 0;  // fin, reserved bits and opcode as they came
  std::string payload;
  bool operator==(const wire_message&) const = default;
};

// A masked frame. 'first' is its first byte: 0x81 is a whole text.
std::string client_frame(int first, std::string_view payload);
inline std::string text_frame(std::string_view payload) { return client_frame(0x81, payload); }
inline std::string binary_frame(std::string_view payload) { return client_frame(0x82, payload); }
inline std::string ping_frame(std::string_view payload) { return client_frame(0x89, payload); }
std::string close_frame(int code, std::string_view reason = {});
// One message in frames of that size.
std::string fragmented(int first, std::string_view payload, std::size_t size);

class wire_socket {
 public:
  // 'lines' are fields of the request beside those that must be.
  wire_socket(std::uint16_t port, std::string_view path, std::string_view lines = {});

  int status() const { return status_; }
  const std::string& head() const { return head_; }
  // In pieces of that many bytes; 0: in one.
  void send(std::string_view bytes, std::size_t piece = 0);
  // The next frame; nothing at the end of the connection.
  std::optional<wire_message> next();
  int descriptor() const { return tcp_.descriptor(); }
  // The code of a close frame: 1005 if it has none, 1006 if it is no close frame.
  static int code_of(const wire_message& close);

 private:
  bool fill();
  bool need(std::size_t bytes);

  tcp_client tcp_;
  std::string input_, head_;
  std::size_t at_ = 0;
  int status_ = 0;
};

}  // namespace troupe::test
