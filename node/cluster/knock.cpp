#include "node/cluster/knock.hpp"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <system_error>

namespace troupe::node {
namespace {

// 0 when it answered, else errno.
int try_one(const addrinfo& at, std::chrono::milliseconds deadline) {
  int fd = ::socket(at.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  int error = ::connect(fd, at.ai_addr, at.ai_addrlen) == 0 ? 0 : errno;
  if (error == EINPROGRESS) {
    pollfd writable{fd, POLLOUT, 0};
    socklen_t size = sizeof error;
    if (::poll(&writable, 1, static_cast<int>(deadline.count())) == 1)
      ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    else
      error = ETIMEDOUT;
  }
  ::close(fd);
  return error;
}

}  // namespace

result<std::string> knock(const std::string& host, std::uint16_t port, std::chrono::milliseconds deadline) {
  addrinfo hints{}, *found = nullptr;
  hints.ai_socktype = SOCK_STREAM;
  auto service = std::to_string(port);
  if (int e = ::getaddrinfo(host.c_str(), service.c_str(), &hints, &found); e != 0)
    return failure{.code = errc::unavailable, .detail = host + ": " + ::gai_strerror(e)};
  std::unique_ptr<addrinfo, void (*)(addrinfo*)> all(found, ::freeaddrinfo);
  int last = ETIMEDOUT;
  for (auto* at = all.get(); at; at = at->ai_next) {
    last = try_one(*at, deadline);
    if (last != 0) continue;
    char text[NI_MAXHOST];
    if (::getnameinfo(at->ai_addr, at->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST) == 0)
      return std::string(text);
  }
  return failure{.code = errc::unavailable, .detail = std::generic_category().message(last)};
}

}  // namespace troupe::node
