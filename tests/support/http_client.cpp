#include "tests/support/http_client.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <chrono>
#include <stdexcept>

namespace troupe::test {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace bhttp = beast::http;
using asio::ip::tcp;

namespace {

constexpr std::chrono::seconds deadline{10};

// Runs one asynchronous operation to its end; the stream's own deadline ends it.
template <class Start>
beast::error_code run(asio::io_context& context, Start&& start) {
  beast::error_code out;
  context.restart();
  start([&out](beast::error_code ec, std::size_t = 0) { out = ec; });
  context.run();
  return out;
}

}  // namespace

http_client::http_client(std::uint16_t port, std::string key) : port_(port), key_(std::move(key)) {}

void http_client::connect() {
  stream_.emplace(context_);
  buffer_.clear();
  stream_->socket().connect({asio::ip::make_address("127.0.0.1"), port_});
}

answer http_client::send(std::string method, std::string target, std::string body, fields extra) {
  if (!stream_) connect();
  bhttp::request<bhttp::string_body> message;
  message.method_string(method);
  message.target(target);
  message.version(11);
  message.set("Host", "127.0.0.1:" + std::to_string(port_));
  if (!key_.empty()) message.set("Authorization", "Bearer " + key_);
  for (auto& [name, value] : extra) message.set(name, value);
  message.body() = std::move(body);
  if (!message.body().empty() || method == "POST") message.prepare_payload();
  stream_->expires_after(deadline);
  auto ec = run(context_, [&](auto done) { bhttp::async_write(*stream_, message, done); });
  if (ec) {
    stream_.reset();
    throw std::runtime_error("write: " + ec.message());
  }
  return read(method);
}

void http_client::write(std::string_view bytes) {
  if (!stream_) connect();
  stream_->expires_after(deadline);
  run(context_,
      [&](auto done) { asio::async_write(*stream_, asio::buffer(bytes.data(), bytes.size()), done); });
}

answer http_client::read(std::string_view method) {
  bhttp::response_parser<bhttp::string_body> parser;
  parser.body_limit(256 * 1024 * 1024);
  if (method == "HEAD") parser.skip(true);
  stream_->expires_after(deadline);
  auto ec = run(context_, [&](auto done) { bhttp::async_read(*stream_, buffer_, parser, done); });
  if (ec) {
    stream_.reset();
    throw std::runtime_error("read: " + ec.message());
  }
  answer out;
  out.status = static_cast<int>(parser.get().result_int());
  bool keep = parser.get().keep_alive();
  out.body = std::move(parser.get().body());
  out.head = std::move(parser.get().base());
  if (!keep) close();
  return out;
}

std::string http_client::read_to_end() {
  std::string out;
  char bytes[8192];
  while (stream_) {
    stream_->expires_after(deadline);
    std::size_t got = 0;
    context_.restart();
    beast::error_code ec;
    stream_->async_read_some(asio::buffer(bytes), [&](beast::error_code e, std::size_t n) {
      ec = e;
      got = n;
    });
    context_.run();
    out.append(bytes, got);
    if (ec) break;
  }
  close();
  return out;
}

std::string http_client::read_until(std::string_view text) {
  std::string out(static_cast<const char*>(buffer_.data().data()), buffer_.size());
  buffer_.clear();
  char bytes[8192];
  while (out.find(text) == std::string::npos) {
    if (!stream_) return {};
    stream_->expires_after(deadline);
    std::size_t got = 0;
    beast::error_code ec;
    context_.restart();
    stream_->async_read_some(asio::buffer(bytes), [&](beast::error_code e, std::size_t n) {
      ec = e;
      got = n;
    });
    context_.run();
    out.append(bytes, got);
    if (ec) return {};
  }
  return out;
}

bool http_client::is_closed() {
  if (!stream_) return true;
  char byte;
  stream_->expires_after(deadline);
  auto ec = run(context_, [&](auto done) { stream_->async_read_some(asio::buffer(&byte, 1), done); });
  return ec == asio::error::eof || ec == asio::error::connection_reset;
}

void http_client::close() { stream_.reset(); }

ws_client::ws_client(std::uint16_t port, std::string target, fields extra) : stream_(context_) {
  stream_.next_layer().socket().connect({asio::ip::make_address("127.0.0.1"), port});
  stream_.read_message_max(64 * 1024 * 1024);
  stream_.set_option(
      beast::websocket::stream_base::decorator([extra](beast::websocket::request_type& message) {
        for (const auto& [name, value] : extra) message.set(name, value);
      }));
  stream_.next_layer().expires_after(deadline);
  auto ec = run(context_, [&](auto done) {
    stream_.async_handshake(response_, "127.0.0.1:" + std::to_string(port), target, done);
  });
  status_ = ec ? static_cast<int>(response_.result_int()) : 101;
}

std::string ws_client::field(std::string_view name) const {
  return std::string(response_[boost::beast::string_view(name.data(), name.size())]);
}

void ws_client::send(std::string_view text) {
  stream_.text(true);
  stream_.next_layer().expires_after(deadline);
  run(context_, [&](auto done) { stream_.async_write(asio::buffer(text.data(), text.size()), done); });
}

void ws_client::send_binary(std::string_view bytes) {
  stream_.binary(true);
  stream_.next_layer().expires_after(deadline);
  run(context_, [&](auto done) { stream_.async_write(asio::buffer(bytes.data(), bytes.size()), done); });
}

std::optional<std::string> ws_client::next() {
  beast::flat_buffer buffer;
  stream_.next_layer().expires_after(deadline);
  auto ec = run(context_, [&](auto done) { stream_.async_read(buffer, done); });
  if (ec) return {};
  return beast::buffers_to_string(buffer.data());
}

int ws_client::close_code() { return stream_.reason().code; }

void ws_client::close() {
  stream_.next_layer().expires_after(deadline);
  run(context_, [&](auto done) { stream_.async_close(beast::websocket::close_code::normal, done); });
}

}  // namespace troupe::test
