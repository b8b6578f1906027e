// The TCP layer below a WebSocket. Differs from tcp::socket in how Beast ends it: not at all. Beast's own teardown reads
// once and closes with bytes unread, which resets the connection and takes the close code from the client; the owner
// of the socket closes it instead, after reading for a bounded while.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/bind_handler.hpp>
#include <boost/beast/websocket/teardown.hpp>
#include <utility>

namespace troupe::http {

struct socket_layer : boost::asio::ip::tcp::socket {
  explicit socket_layer(boost::asio::ip::tcp::socket&& s) : boost::asio::ip::tcp::socket(std::move(s)) {}
};

inline void teardown(boost::beast::role_type, socket_layer&, boost::system::error_code& ec) { ec = {}; }

template <class Handler>
void async_teardown(boost::beast::role_type, socket_layer& s, Handler&& done) {
  boost::asio::post(s.get_executor(), boost::beast::bind_front_handler(std::forward<Handler>(done),
                                                                       boost::system::error_code()));
}

}  // namespace troupe::http
