#include "tests/bench/byte_stream.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

namespace troupe::bench {

byte_stream::byte_stream(loop& on, std::uint16_t port, std::uint32_t source)
    : loop_(on), fd_(connect_loopback(port, source)) {
  loop_.add(fd_, *this, EPOLLIN);
}

byte_stream::~byte_stream() {
  if (fd_ >= 0) close(fd_);
}

void byte_stream::hang_up() {
  if (fd_ < 0) return;
  loop_.remove(fd_);
  close(fd_);
  fd_ = -1;
}

void byte_stream::write(std::string_view bytes) {
  if (fd_ < 0) return;
  if (unsent_.empty()) {
    auto n = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n > 0) bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  if (bytes.empty()) return;
  unsent_.append(bytes);
  if (!waits_to_write_) loop_.change(fd_, *this, EPOLLIN | EPOLLOUT);
  waits_to_write_ = true;
}

void byte_stream::flush() {
  auto n = send(fd_, unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
  if (n > 0) unsent_.erase(0, static_cast<std::size_t>(n));
  if (!unsent_.empty()) return;
  waits_to_write_ = false;
  loop_.change(fd_, *this, EPOLLIN);
}

void byte_stream::ready(std::uint32_t events) {
  static std::vector<char> shared(256 * 1024);
  if (fd_ < 0) return;
  if (events & EPOLLOUT) flush();
  if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR))) return;
  auto n = recv(fd_, shared.data(), shared.size(), 0);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n <= 0) {
    hang_up();
    return closed();
  }
  deliver({shared.data(), static_cast<std::size_t>(n)});
}

void byte_stream::deliver(std::string_view fresh) {
  if (unread_.empty()) {
    auto used = received(fresh);
    if (used < fresh.size()) unread_.assign(fresh.substr(used));
    return;
  }
  unread_.append(fresh);
  auto used = received(unread_);
  unread_.erase(0, used);
  if (unread_.empty() && unread_.capacity() > 4096) std::string().swap(unread_);
}

}  // namespace troupe::bench
