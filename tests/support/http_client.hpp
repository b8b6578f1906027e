// A blocking HTTP and WebSocket client for tests of the edge. Every call has a deadline.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::test {

using fields = std::vector<std::pair<std::string, std::string>>;

struct answer {
  int status = 0;
  std::string body;
  boost::beast::http::fields head;
  std::string field(std::string_view name) const {
    return std::string(head[boost::beast::string_view(name.data(), name.size())]);
  }
};

class http_client {
 public:
  explicit http_client(std::uint16_t port, std::string key = {});

  // Opens a connection where there is none, and keeps it.
  answer send(std::string method, std::string target, std::string body = {}, fields extra = {});
  answer get(std::string target, fields extra = {}) {
    return send("GET", std::move(target), {}, std::move(extra));
  }
  answer post(std::string target, std::string body, fields extra = {}) {
    return send("POST", std::move(target), std::move(body), std::move(extra));
  }

  // Bytes as they are, and one answer read back. 'method' tells whether the answer has a body.
  void write(std::string_view bytes);
  answer read(std::string_view method = "GET");
  // Everything until the server closes, or what came before the deadline.
  std::string read_to_end();
  // Reads until 'text' was seen; returns all that was read, and "" when it did not come.
  std::string read_until(std::string_view text);
  // True once the server has closed.
  bool is_closed();
  void close();
  void connect();

 private:
  std::uint16_t port_;
  std::string key_;
  boost::asio::io_context context_;
  std::optional<boost::beast::tcp_stream> stream_;
  boost::beast::flat_buffer buffer_;
};

class ws_client {
 public:
  ws_client(std::uint16_t port, std::string target, fields extra = {});

  // The status of the refusal, or 101.
  int status() const { return status_; }
  std::string field(std::string_view name) const;
  void send(std::string_view text);
  void send_binary(std::string_view bytes);
  // The next message; nothing when the socket closed or none came in time.
  std::optional<std::string> next();
  // Close code of the server; 0 while open.
  int close_code();
  void close();
  boost::asio::ip::tcp::socket& socket() { return stream_.next_layer().socket(); }

 private:
  boost::asio::io_context context_;
  boost::beast::websocket::stream<boost::beast::tcp_stream> stream_;
  boost::beast::websocket::response_type response_;
  int status_ = 0;
};

}  // namespace troupe::test
