// Anything that holds a client's socket: an HTTP session, a WebSocket, an event stream.
// Owned by its io_thread; every member is called there and nowhere else.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "http/server/request.hpp"

namespace troupe::http {

class connection {
 public:
  virtual ~connection() = default;

  // Every tick of the thread: end what is past its deadline.
  virtual void tick(std::chrono::steady_clock::time_point now) = 0;
  // The node stops: finish what was begun, then close so that the client comes back.
  virtual void drain() = 0;
  // Close now.
  virtual void abort() = 0;
  // The key is no longer in force.
  virtual void key_revoked(std::string_view) {}
  // That seat (http/live/seats.hpp) is beyond what its key may have.
  virtual void seat_lost(std::uint64_t) {}
  // The watched descriptor is ready: epoll's events.
  virtual void ready(std::uint32_t) {}
  // Send what was queued since the thread was told so.
  virtual void flush() {}

  // The io_thread's own.
  std::size_t registry_slot = 0;
  bool is_dirty = false;
};

}  // namespace troupe::http
