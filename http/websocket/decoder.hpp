// What a client says on a WebSocket: its bytes to messages and control frames, every rule of RFC 6455 checked.
// The frames are wslay's work; how frames make messages, UTF-8 and close codes are checked here.
//
// Invariants: owned by one I/O thread. Between messages it holds nothing: wslay's context (4 KiB) is borrowed from the
// thread's pool when bytes come and given back when a frame and a message are whole. A message grows with what has
// come, not with what was announced. After a fault nothing more is read.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace troupe::http {

// RFC 6455, 7.4.1, and IANA's list.
enum class close_code : std::uint16_t {
  normal = 1000,
  going_away = 1001,
  protocol_error = 1002,
  unsupported = 1003,
  none_given = 1005,
  bad_payload = 1007,
  policy = 1008,
  too_big = 1009,
  internal = 1011,
  service_restart = 1012,
  try_again_later = 1013,
};

struct said {
  enum class kind : std::uint8_t { text, binary, ping, pong, close, fault };
  kind what = kind::fault;
  std::string_view payload = {};                 // until the next call; of a fault: why, for people
  close_code code = close_code::protocol_error;  // of a close: the client's; of a fault: what to answer
};

enum class deflating : bool { no, yes };

class decoder {
 public:
  decoder();
  ~decoder();

  // The next thing said, or nothing: then 'bytes' is used up and more are needed. Call again until there is nothing.
  std::optional<said> next(std::string_view& bytes, std::size_t message_bytes_max, deflating agreed);
  // After the bytes that came are used up.
  void rest();
  // Since when a message or a frame is unfinished.
  std::optional<std::chrono::steady_clock::time_point> unfinished_since() const;

 private:
  struct work;
  std::unique_ptr<work> busy_;
};

}  // namespace troupe::http
