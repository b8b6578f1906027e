// What takes a connection over from its HTTP session: a WebSocket or an event stream.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <memory>
#include <string>

#include "http/server/admission.hpp"
#include "http/server/request.hpp"

namespace troupe::http {

class io_thread;

struct handover {
  boost::asio::ip::tcp::socket socket;
  boost::beast::flat_buffer unread;  // bytes the client sent behind the request
  std::shared_ptr<io_thread> home;
  request_ptr head;
  std::string response_head;  // status line and fields of the answer, ready to be sent by an event stream
  connection_ticket ticket;
};

class takeover {
 public:
  virtual ~takeover() = default;
  // On the I/O thread, once.
  virtual void begin(handover taken) = 0;
};

}  // namespace troupe::http
