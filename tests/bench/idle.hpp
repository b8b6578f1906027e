// Many connections that do nothing: opened, kept alive, and at the end shown to be live.
#pragma once

#include <cstdint>
#include <string>

#include "tests/bench/live_socket.hpp"

namespace troupe::bench {

struct idle_plan {
  live_target to;
  bool mqtt = false;  // MQTT over TCP instead of WebSocket
  int sockets = 10'000;
  int per_source = 10'000;  // connections from each of 127.0.0.1, 127.0.0.2, ...
};

// Opens them all, prints one line of JSON, holds them until standard input has a line or ends, then publishes one event
// (Troupe, joined) and prints how many got it.
void hold_idle(const idle_plan& plan);

}  // namespace troupe::bench
