// Accepts connections on one address and hands them out to the I/O threads in turn.
//
// Lives on the first I/O thread. When descriptors run out it lets one waiting client go rather than spinning.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <vector>

#include "http/server/core.hpp"
#include "http/server/io_thread.hpp"

namespace troupe::http {

class listener : public std::enable_shared_from_this<listener> {
 public:
  // Throws std::runtime_error that names the address when it cannot be listened on.
  listener(std::shared_ptr<server_core> core, std::vector<std::shared_ptr<io_thread>> threads,
           const listen_address& at, surface entry);
  ~listener();

  void start();
  void stop();  // on the first I/O thread
  std::uint16_t port() const { return port_; }

 private:
  using socket = boost::asio::ip::tcp::socket;

  void accept();
  void accepted(std::shared_ptr<io_thread> home, socket client);
  void out_of_descriptors();
  void retry_later();

  const std::shared_ptr<server_core> core_;
  const std::vector<std::shared_ptr<io_thread>> threads_;
  const surface entry_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer pause_;
  std::uint16_t port_ = 0;
  std::size_t next_ = 0;
  int spare_ = -1;  // a descriptor kept for the moment when there is none
};

}  // namespace troupe::http
