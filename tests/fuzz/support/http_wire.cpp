#include "tests/fuzz/support/http_wire.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "http/server/session.hpp"
#include "protocol/must.hpp"

namespace troupe::fuzz {

namespace asio = boost::asio;

http_wire::http_wire(std::shared_ptr<http::server_core> core, std::shared_ptr<http::io_thread> home,
                     http::surface entry)
    : home_(std::move(home)) {
  int ends[2];
  must(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0, "there are sockets");
  fd_ = ends[0];
  asio::ip::tcp::socket socket(home_->context());
  socket.assign(asio::ip::tcp::v4(), ends[1]);  // a session does with it what it does with TCP
  http::connection_ticket ticket(core->places, "192.0.2.1");
  must(static_cast<bool>(ticket), "the edge has room");
  auto made = std::make_shared<http::session>(std::move(core), home_, std::move(socket), entry, "192.0.2.1",
                                              std::move(ticket));
  made->start();
}

http_wire::~http_wire() {
  ::close(fd_);
  settle();
}

void http_wire::send(std::string_view bytes) {
  while (!bytes.empty() && !ended_) {
    auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
    if (sent < 0 && errno != EAGAIN) break;  // the session has closed
    settle();
  }
  settle();
}

void http_wire::finish() {
  ::shutdown(fd_, SHUT_WR);
  settle();
  must(ended_, "a session ends when its client has");
}

void http_wire::settle() {
  bool more = true;
  while (more) {
    more = home_->context().poll() > 0;
    while (receive()) more = true;
  }
}

bool http_wire::receive() {
  char buffer[16 * 1024];
  auto got = ::recv(fd_, buffer, sizeof buffer, 0);
  if (got > 0) answers_.append(buffer, static_cast<std::size_t>(got));
  if (got == 0 || (got < 0 && errno != EAGAIN)) ended_ = true;
  return got > 0;
}

}  // namespace troupe::fuzz
