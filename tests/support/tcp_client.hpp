// A plain TCP client that sends bytes as they are and reads until the peer closes or a deadline passes.
#pragma once

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/must.hpp"

namespace troupe::test {

class tcp_client {
 public:
  explicit tcp_client(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0;
  }
  tcp_client(const tcp_client&) = delete;
  tcp_client& operator=(const tcp_client&) = delete;
  ~tcp_client() { ::close(fd_); }

  bool connected() const { return connected_; }
  int descriptor() const { return fd_; }
  // What has come, waiting for it; empty at the end of the connection or the deadline.
  std::string receive_some(int deadline_ms = 10'000) {
    std::string bytes(256 * 1024, '\0');
    pollfd readable{fd_, POLLIN, 0};
    if (::poll(&readable, 1, deadline_ms) <= 0) return {};
    auto n = ::recv(fd_, bytes.data(), bytes.size(), 0);
    bytes.erase(n > 0 ? static_cast<std::size_t>(n) : 0);
    return bytes;
  }
  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      auto n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
  }
  // What comes until 'stop' is in it, the peer closes or the deadline passes.
  std::string receive(std::string_view stop = {}, int deadline_ms = 5'000) {
    std::string all;
    char buffer[4096];
    pollfd readable{fd_, POLLIN, 0};
    while (::poll(&readable, 1, deadline_ms) > 0) {
      auto n = ::recv(fd_, buffer, sizeof buffer, 0);
      if (n <= 0) break;
      all.append(buffer, static_cast<std::size_t>(n));
      if (!stop.empty() && all.find(stop) != std::string::npos) break;
    }
    return all;
  }

 private:
  int fd_;
  bool connected_ = false;
};

}  // namespace troupe::test
