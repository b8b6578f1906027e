// Whoever publishes to the readers. Each publish is one message of about 200 bytes that carries a mark: "@@", then 16
// hex digits, which the readers find again whatever the server wraps around it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "tests/bench/live_socket.hpp"

namespace troupe::bench {

constexpr std::size_t message_bytes = 200;

class publisher {
 public:
  virtual ~publisher() = default;
  // False while it cannot take one now: as many as it may are on their way.
  virtual bool can_publish() const = 0;
  virtual void publish(std::uint64_t mark) = 0;
  virtual bool is_ready() const { return true; }
  virtual std::uint64_t refused() const { return 0; }
  // Taken, but waiting for the rest of their batch.
  virtual std::uint64_t held_back() const { return 0; }

  // Troupe only: the event with this mark is durable and acknowledged.
  std::function<void(std::uint64_t mark)> acknowledged;
};

// 'in_flight': how many requests may wait for Troupe's acknowledgement, 'batch': how many events each of them carries.
std::unique_ptr<publisher> make_publisher(loop& on, const live_target& to, std::uint16_t publish_port,
                                          int in_flight, int batch);

// Calls 'found' for every mark in the payload.
template <class F>
void for_each_mark(std::string_view payload, F&& found) {
  for (auto at = payload.find("@@"); at != std::string_view::npos; at = payload.find("@@", at + 18)) {
    if (payload.size() < at + 18) return;
    std::uint64_t mark = 0;
    for (std::size_t i = at + 2; i < at + 18; ++i) {
      auto c = static_cast<unsigned char>(payload[i]);
      mark = mark << 4 | (c <= '9' ? c - '0' : c - 'a' + 10U);
    }
    found(mark);
  }
}

}  // namespace troupe::bench
