#include "tests/bench/loop.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <stdexcept>

namespace troupe::bench {

std::int64_t now_ns() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1'000'000'000LL + t.tv_nsec;
}

loop::loop() : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  if (epoll_ < 0) throw std::runtime_error("epoll_create1: " + std::string(std::strerror(errno)));
}

loop::~loop() { close(epoll_); }

void loop::add(int fd, watcher& w, std::uint32_t events) {
  epoll_event e{.events = events, .data = {.ptr = &w}};
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &e) < 0)
    throw std::runtime_error("epoll_ctl: " + std::string(std::strerror(errno)));
}

void loop::change(int fd, watcher& w, std::uint32_t events) {
  epoll_event e{.events = events, .data = {.ptr = &w}};
  epoll_ctl(epoll_, EPOLL_CTL_MOD, fd, &e);
}

void loop::remove(int fd) { epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr); }

void loop::run(std::int64_t end_ns, const turn& each, const std::function<bool()>& done) {
  std::array<epoll_event, 256> events{};
  while (!done || !done()) {
    auto now = now_ns();
    auto wake = each ? each(now) : 0;
    if (wake == 0 || wake > end_ns) wake = end_ns;
    if (now >= end_ns) return;
    auto wait = wake > now ? wake - now : 0;
    timespec timeout{.tv_sec = wait / 1'000'000'000, .tv_nsec = wait % 1'000'000'000};
    int n = epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &timeout, nullptr);
    if (n < 0 && errno != EINTR) throw std::runtime_error("epoll: " + std::string(std::strerror(errno)));
    for (int i = 0; i < n; ++i)
      static_cast<watcher*>(events[static_cast<std::size_t>(i)].data.ptr)
          ->ready(events[static_cast<std::size_t>(i)].events);
  }
}

int connect_loopback(std::uint16_t port, std::uint32_t source) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) throw std::runtime_error("socket: " + std::string(std::strerror(errno)));
  int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  if (source != 1) {
    // The port is chosen when connecting, for the pair of addresses: each source address has all ports.
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    to.sin_addr.s_addr = htonl(0x7f000000U + source);
    if (bind(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) < 0) {
      close(fd);
      throw std::runtime_error("bind: " + std::string(std::strerror(errno)));
    }
  }
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) < 0) {
    auto why = std::string(std::strerror(errno));
    close(fd);
    throw std::runtime_error("connect to port " + std::to_string(port) + ": " + why);
  }
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
  return fd;
}

void raise_descriptor_limit() {
  rlimit r{};
  getrlimit(RLIMIT_NOFILE, &r);
  rlimit more{.rlim_cur = 1'048'576, .rlim_max = 1'048'576};
  if (setrlimit(RLIMIT_NOFILE, &more) == 0) return;
  r.rlim_cur = r.rlim_max;
  setrlimit(RLIMIT_NOFILE, &r);
}

}  // namespace troupe::bench
