#include "http/websocket/handshake.hpp"

#include <openssl/evp.h>

#include <array>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/rfc7230.hpp>

#include "http/server/problem.hpp"
#include "http/server/request_head.hpp"
#include "http/server/text.hpp"

namespace troupe::http {

namespace {

constexpr std::string_view key_suffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
constexpr std::size_t key_size = 24;  // of 16 bytes in base64

bool has_token(const request& r, std::string_view field, std::string_view token) {
  auto all = joined_fields(r, field);
  return boost::beast::http::token_list{all}.exists({token.data(), token.size()});
}

bool is_sound_key(std::string_view key) {
  std::array<unsigned char, 24> bytes;
  if (key.size() != key_size || !key.ends_with("==")) return false;
  return EVP_DecodeBlock(bytes.data(), reinterpret_cast<const unsigned char*>(key.data()), key_size) == 18;
}

std::string accept_of(std::string_view key) {
  auto text = concat({key, key_suffix});
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  std::array<unsigned char, 64> out;
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr);
  auto length = EVP_EncodeBlock(out.data(), digest.data(), static_cast<int>(size));
  return {reinterpret_cast<const char*>(out.data()), static_cast<std::size_t>(length)};
}

}  // namespace

std::string joined_fields(const request& r, std::string_view name) {
  std::string all;
  auto [begin, end] = r.head->message.equal_range(boost::beast::string_view(name.data(), name.size()));
  for (auto it = begin; it != end; ++it) {
    if (!all.empty()) all += ", ";
    all.append(it->value().data(), it->value().size());
  }
  return all;
}

std::optional<response> refuse_handshake(const request& r) {
  if (r.http_1_0 || !has_token(r, "Connection", "upgrade") || !has_token(r, "Upgrade", "websocket")) {
    auto refused = status_problem(426, "This address takes WebSocket connections: send Upgrade: websocket.");
    return std::move(refused.with("Upgrade", "websocket"));
  }
  if (joined_fields(r, "Sec-WebSocket-Version") != "13") {
    auto refused = status_problem(426, "WebSockets are spoken in version 13.");
    return std::move(refused.with("Upgrade", "websocket").with("Sec-WebSocket-Version", "13"));
  }
  if (!is_sound_key(joined_fields(r, "Sec-WebSocket-Key")))
    return status_problem(400, "Sec-WebSocket-Key is one field with 16 bytes in base64.");
  return std::nullopt;
}

std::string write_handshake(const request& r, std::string_view subprotocol, std::string_view extensions) {
  auto out =
      concat({"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
              "Sec-WebSocket-Accept: ",
              accept_of(r.field("Sec-WebSocket-Key")), "\r\nX-Request-Id: ", r.request_id, "\r\n"});
  if (!subprotocol.empty()) out += concat({"Sec-WebSocket-Protocol: ", subprotocol, "\r\n"});
  if (!extensions.empty()) out += concat({"Sec-WebSocket-Extensions: ", extensions, "\r\n"});
  return out += "\r\n";
}

}  // namespace troupe::http
