#include "node/supervisor.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

// What systemd listens on: a datagram socket with a name in the abstract space, one per test process.
struct listening {
  std::string name = "troupe-supervisor-test-" + std::to_string(::getpid());
  int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

  listening() {
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    std::memcpy(at.sun_path + 1, name.data(), name.size());
    auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
    REQUIRE(::bind(socket, reinterpret_cast<sockaddr*>(&at), size) == 0);
    ::setenv("NOTIFY_SOCKET", ("@" + name).c_str(), 1);
  }
  ~listening() {
    ::unsetenv("NOTIFY_SOCKET");
    ::close(socket);
  }
  std::string next() const {
    char buffer[64];
    auto got = ::recv(socket, buffer, sizeof buffer, MSG_DONTWAIT);
    return got < 0 ? "nothing" : std::string(buffer, static_cast<std::size_t>(got));
  }
};

}  // namespace

TEST_CASE("supervisor: the socket that systemd names is told") {
  listening systemd;
  CHECK(troupe::node::tell_supervisor("READY=1"));
  CHECK(systemd.next() == "READY=1");
  CHECK(troupe::node::tell_supervisor("STOPPING=1"));
  CHECK(systemd.next() == "STOPPING=1");
  CHECK(systemd.next() == "nothing");
}

TEST_CASE("supervisor: without a socket, or with one that is not there, nothing happens") {
  CHECK_FALSE(troupe::node::tell_supervisor("READY=1"));
  for (std::string name : {"", "@", "relative", "/nowhere/at/all", "/"}) {
    ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
    CHECK_FALSE(troupe::node::tell_supervisor("READY=1"));
  }
  ::setenv("NOTIFY_SOCKET", ("/" + std::string(200, 'x')).c_str(), 1);
  CHECK_FALSE(troupe::node::tell_supervisor("READY=1"));
  ::unsetenv("NOTIFY_SOCKET");
}
