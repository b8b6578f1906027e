// The client's one thread: epoll over all its sockets, and a deadline. Every peer is driven by this same loop, so that
// the client costs each of them the same.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace troupe::bench {

std::int64_t now_ns();  // monotonic

class watcher {
 public:
  virtual ~watcher() = default;
  virtual void ready(std::uint32_t events) = 0;
};

class loop {
 public:
  loop();
  ~loop();
  loop(const loop&) = delete;
  loop& operator=(const loop&) = delete;

  void add(int fd, watcher& w, std::uint32_t events);
  void change(int fd, watcher& w, std::uint32_t events);
  void remove(int fd);

  // Runs until 'done' says so or 'end_ns' has come. 'turn' is called between waits and returns when it wants to be
  // called again at the latest (0: only when something happened).
  using turn = std::function<std::int64_t(std::int64_t now_ns)>;
  void run(std::int64_t end_ns, const turn& each, const std::function<bool()>& done);
  void run(std::int64_t end_ns, const turn& each) { run(end_ns, each, {}); }

 private:
  int epoll_;
};

// A connected socket to 127.0.0.1, without delay, not blocking. 'source' is the last bytes of 127.0.x.y to connect from.
// Throws std::runtime_error.
int connect_loopback(std::uint16_t port, std::uint32_t source = 1);
void raise_descriptor_limit();

}  // namespace troupe::bench
