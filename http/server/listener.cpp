#include "http/server/listener.hpp"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>

#include "http/server/client_group.hpp"
#include "http/server/session.hpp"

namespace troupe::http {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr std::string_view full_text =
    "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\n"
    "Content-Type: application/problem+json\r\nContent-Length: 110\r\n\r\n"
    "{\"type\":\"urn:troupe:problem:overloaded\",\"title\":\"Service Unavailable\",\"status\":503,"
    "\"detail\":\"Come back later\"}";

std::string address_of(const tcp::socket& s) {
  boost::system::error_code ec;
  auto end = s.remote_endpoint(ec);
  if (ec) return {};
  auto address = end.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
  }
  return address.to_string();
}

}  // namespace

listener::listener(std::shared_ptr<server_core> core, std::vector<std::shared_ptr<io_thread>> threads,
                   const listen_address& at, surface entry)
    : core_(std::move(core)),
      threads_(std::move(threads)),
      entry_(entry),
      acceptor_(threads_.front()->context()),
      pause_(threads_.front()->context()) {
  try {
    tcp::endpoint end(asio::ip::make_address(at.host), at.port);
    acceptor_.open(end.protocol());
    acceptor_.set_option(tcp::acceptor::reuse_address(true));
    acceptor_.bind(end);
    acceptor_.listen(4096);
    acceptor_.non_blocking(true);
    port_ = acceptor_.local_endpoint().port();
  } catch (const boost::system::system_error& e) {
    throw std::runtime_error("cannot listen on " + at.host + ":" + std::to_string(at.port) + ": " +
                             e.code().message());
  }
  spare_ = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

listener::~listener() {
  if (spare_ >= 0) ::close(spare_);
}

void listener::start() {
  threads_.front()->post([self = shared_from_this()] { self->accept(); });
}

void listener::stop() {
  boost::system::error_code ec;
  acceptor_.close(ec);
  pause_.cancel();
}

void listener::accept() {
  auto home = threads_[next_++ % threads_.size()];
  acceptor_.async_accept(home->context(), [self = shared_from_this(), home](boost::system::error_code ec,
                                                                            tcp::socket client) mutable {
    if (ec == asio::error::operation_aborted || !self->acceptor_.is_open()) return;
    if (ec == asio::error::no_descriptors || ec == boost::system::errc::too_many_files_open_in_system) {
      self->out_of_descriptors();
      return;
    }
    if (ec == asio::error::no_memory || ec == asio::error::no_buffer_space) {
      self->retry_later();
      return;
    }
    if (!ec) self->accepted(std::move(home), std::move(client));
    self->accept();
  });
}

void listener::accepted(std::shared_ptr<io_thread> home, tcp::socket client) {
  stats_counters::add(core_->stats.connections_total);
  auto remote = address_of(client);
  connection_ticket ticket(core_->places, client_group(remote));
  if (!ticket) {
    stats_counters::add(core_->stats.connections_refused);
    ::send(client.native_handle(), full_text.data(), full_text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    return;
  }
  // The session is made here and handed over whole: from the post on only its own thread touches it.
  auto made =
      std::make_shared<session>(core_, home, std::move(client), entry_, std::move(remote), std::move(ticket));
  auto* thread = home.get();
  thread->post([home = std::move(home), made = std::move(made)] {
    home->add(made);
    made->start();  // does nothing when the thread is ending
  });
}

void listener::out_of_descriptors() {
  stats_counters::add(core_->stats.connections_refused);
  if (spare_ >= 0) {
    ::close(spare_);
    int client = ::accept4(acceptor_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (client >= 0) {
      ::send(client, full_text.data(), full_text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      ::close(client);
    }
    spare_ = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  }
  retry_later();
}

void listener::retry_later() {
  pause_.expires_after(std::chrono::milliseconds(20));
  pause_.async_wait([self = shared_from_this()](boost::system::error_code ec) {
    if (!ec && self->acceptor_.is_open()) self->accept();
  });
}

}  // namespace troupe::http
