#include "node/ops_conversation.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/json.hpp>
#include <cstdint>
#include <sstream>

namespace troupe::node {

namespace {

namespace http = boost::beast::http;
namespace json = boost::json;

constexpr unsigned http_1_1 = 11;
enum class body_is : std::uint8_t { sent, only_measured };

std::string encode(ops_answer answer, bool keep_alive, body_is body) {
  http::response<http::string_body> message(static_cast<http::status>(answer.status), http_1_1);
  message.set(http::field::content_type, answer.type);
  message.set(http::field::cache_control, "no-store");
  message.set("X-Content-Type-Options", "nosniff");
  if (answer.status == 405) message.set(http::field::allow, "GET, HEAD");
  message.keep_alive(keep_alive);
  message.content_length(answer.body.size());
  if (body == body_is::sent) message.body() = std::move(answer.body);
  std::ostringstream out;
  out << message;
  return std::move(out).str();
}

}  // namespace

ops_answer ops_problem(unsigned status, std::string_view title, std::string_view detail) {
  json::object o{{"type", "about:blank"},
                 {"title", json::string_view(title.data(), title.size())},
                 {"status", status},
                 {"detail", json::string_view(detail.data(), detail.size())}};
  return {status, "application/problem+json", json::serialize(o) + "\n"};
}

void ops_conversation::receive(std::string_view bytes) {
  if (over_) return;
  if (received_.size() + bytes.size() > held_bytes_max) return end();
  received_.append(bytes);
}

std::optional<std::string> ops_conversation::next(const answerer& answer) {
  if (over_ || received_.empty()) return {};
  http::request_parser<http::empty_body> parser;
  parser.header_limit(head_bytes_max);
  boost::system::error_code wrong;
  auto used = parser.put(boost::asio::buffer(received_), wrong);
  if (wrong == http::error::need_more && received_.size() < head_bytes_max) return {};
  if (wrong == http::error::need_more || wrong == http::error::header_limit)
    return refuse(431, "Request Header Fields Too Large", "A request may have 16 KiB");
  if (wrong) return refuse(400, "Bad Request", "This is not HTTP/1.1: " + wrong.message());

  auto& request = parser.get();
  bool is_head = request.method() == http::verb::head;
  ops_request asked{is_head || request.method() == http::verb::get,
                    {request.target().data(), request.target().size()}};
  // What has a body is not read on: where the next request begins does not matter any more.
  if (!parser.is_done() && asked.reads) return refuse(413, "Content Too Large", "No request has a body here");
  bool keep_alive = parser.is_done() && request.keep_alive();
  auto bytes = encode(answer(asked), keep_alive, is_head ? body_is::only_measured : body_is::sent);
  received_.erase(0, used);
  if (!keep_alive) end();
  return bytes;
}

std::string ops_conversation::refuse(unsigned status, std::string_view title, std::string_view detail) {
  end();
  return encode(ops_problem(status, title, detail), false, body_is::sent);
}

}  // namespace troupe::node
