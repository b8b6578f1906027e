#include "node/supervisor.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace troupe::node {

bool tell_supervisor(std::string_view state) noexcept {
  const char* named = std::getenv("NOTIFY_SOCKET");
  sockaddr_un to{};
  auto length = named ? std::strlen(named) : 0;
  // A path, or with @ a name in the abstract space, where it begins with a zero byte.
  if (length < 2 || length >= sizeof to.sun_path || (named[0] != '/' && named[0] != '@')) return false;
  to.sun_family = AF_UNIX;
  std::memcpy(to.sun_path, named, length);
  if (named[0] == '@') to.sun_path[0] = '\0';
  int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (socket < 0) return false;
  auto sent =
      ::sendto(socket, state.data(), state.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&to),
               static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length));
  ::close(socket);
  return sent == static_cast<ssize_t>(state.size());
}

}  // namespace troupe::node
