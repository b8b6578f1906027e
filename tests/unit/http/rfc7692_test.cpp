// permessage-deflate (RFC 7692), groups 12 and 13 of the Autobahn suite: what is agreed on, messages compressed by any
// client's window, and what must not get in: bombs, broken blocks, the bit where it has no place.
#include <zlib.h>

#include <catch2/catch_test_macros.hpp>

#include "http/websocket/deflate.hpp"
#include "tests/support/echo_server.hpp"
#include "tests/support/wire_socket.hpp"

using namespace troupe;
using namespace troupe::test;

namespace {

constexpr std::string_view offer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";
constexpr int deflated_text = 0xc1, deflated_binary = 0xc2;

// As a client would, with a window and a level of its own.
std::string pressed(std::string_view message, int window_bits = 15, int level = 6, int flush = Z_SYNC_FLUSH) {
  z_stream z{};
  REQUIRE(deflateInit2(&z, level, Z_DEFLATED, -window_bits, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(message.size() + message.size() / 100 + 1024, '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(message.data()));
  z.avail_in = static_cast<uInt>(message.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  deflate(&z, flush);
  out.erase(out.size() - z.avail_out);
  deflateEnd(&z);
  if (flush == Z_SYNC_FLUSH) out.erase(out.size() - 4);
  return out;
}

std::string unpressed(const wire_message& m) {
  if ((m.first & 0x40) == 0) return m.payload;
  std::string out;
  REQUIRE(http::inflate_message(m.payload, 64 << 20, out) == http::inflated::whole);
  return out;
}

std::string json_like(std::size_t size) {
  std::string out;
  for (unsigned i = 0; out.size() < size; ++i)
    out += R"({"id":)" + std::to_string(i * 2654435761U) + R"(,"type":"llm.call","agent_id":"a"},)";
  return out.substr(0, size);
}

std::string noise(std::size_t size) {
  std::string out(size, '\0');
  std::uint32_t x = 1;
  for (auto& c : out) c = static_cast<char>((x = x * 1664525 + 1013904223) >> 24);
  return out;
}

int code_after(std::uint16_t port, const std::string& sent) {
  wire_socket s(port, "/echo", offer);
  s.send(sent);
  auto m = s.next();
  return m ? wire_socket::code_of(*m) : 0;
}

}  // namespace

TEST_CASE("rfc7692: parameters are agreed on, and an offer that cannot be met is passed over") {
  const std::string base = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
  for (auto [offered, agreed] : std::vector<std::pair<std::string, std::string>>{
           {"permessage-deflate", base},
           {"permessage-deflate; client_max_window_bits", base},
           {"permessage-deflate; client_max_window_bits=8", base},
           {"permessage-deflate; client_max_window_bits=15; client_no_context_takeover", base},
           {"permessage-deflate; server_no_context_takeover", base},
           {"permessage-deflate;server_no_context_takeover ; client_no_context_takeover", base},
           {"permessage-deflate; server_max_window_bits=15", base + "; server_max_window_bits=12"},
           {"permessage-deflate; server_max_window_bits=\"12\"", base + "; server_max_window_bits=12"},
           {"permessage-deflate; server_max_window_bits=9, permessage-deflate", base},
           {"x-webkit-deflate-frame, permessage-deflate", base},
           {"permessage-deflate; unknown, permessage-deflate; client_max_window_bits", base},
           {"permessage-deflate; server_max_window_bits=11", ""},
           {"permessage-deflate; server_max_window_bits", ""},
           {"permessage-deflate; server_max_window_bits=7", ""},
           {"permessage-deflate; server_max_window_bits=16", ""},
           {"permessage-deflate; server_max_window_bits=015", ""},
           {"permessage-deflate; client_max_window_bits=7", ""},
           {"permessage-deflate; client_max_window_bits=", ""},
           {"permessage-deflate; client_no_context_takeover=1", ""},
           {"permessage-deflate; server_no_context_takeover; server_no_context_takeover", ""},
           {"permessage-deflate; nonsense", ""},
           {"permessage-bzip2", ""},
           {";;;,,,===", ""},
           {"", ""}}) {
    INFO(offered);
    CHECK(http::agree_on_deflate(offered).value_or("") == agreed);
  }
  echo_server server;
  wire_socket with(server.port(), "/echo", offer), without(server.port(), "/echo");
  CHECK(with.head().find("Sec-WebSocket-Extensions: " + base + "\r\n") != std::string::npos);
  CHECK(without.head().find("Sec-WebSocket-Extensions") == std::string::npos);
}

TEST_CASE("rfc7692: messages of every size and window come back whole, in one frame or many") {
  echo_server server;
  for (std::size_t size : {1, 16, 64, 255, 256, 1024, 4096, 8192, 16384, 32768, 65536, 131072})
    for (int window : {9, 11, 12, 15}) {
      INFO(size << " bytes, window " << window);
      auto message = json_like(size);
      auto small = pressed(message, window);
      wire_socket s(server.port(), "/echo", offer);
      s.send(client_frame(deflated_text, small) + fragmented(deflated_binary, small, size / 4 + 1) +
             text_frame(message));  // compressing is never a must
      auto first = s.next(), second = s.next(), third = s.next();
      REQUIRE(third);
      CHECK(unpressed(*first) == message);
      CHECK((second->first & 0x0f) == 2);
      CHECK(unpressed(*second) == message);
      CHECK(unpressed(*third) == message);
      if (size >= 1024) CHECK((third->first & 0x40) != 0);
      if (size >= 1024) CHECK(third->payload.size() < size / 2);
    }
}

TEST_CASE("rfc7692: stored, empty, final and incompressible blocks are messages like others") {
  echo_server server;
  wire_socket s(server.port(), "/echo", offer);
  auto hard = noise(20'000);
  s.send(client_frame(deflated_text, std::string("\0", 1)));      // empty (7.2.3.6)
  s.send(client_frame(deflated_text, ""));                        // emptier than it need be
  s.send(client_frame(deflated_text, pressed("stored", 15, 0)));  // (7.2.3.3)
  s.send(client_frame(deflated_text, pressed("final", 15, 6, Z_FINISH) + std::string("\0", 1)));  // (7.2.3.4)
  s.send(client_frame(deflated_binary, pressed(hard)));
  for (auto& expected : {std::string(), std::string(), std::string("stored"), std::string("final"), hard}) {
    auto m = s.next();
    REQUIRE(m);
    CHECK(unpressed(*m) == expected);
  }
}

TEST_CASE("rfc7692: the bit has its place on the first frame of a message and nowhere else") {
  echo_server server;
  auto small = pressed("some text");
  CHECK(code_after(server.port(), client_frame(0xc9, "")) == 1002);
  CHECK(code_after(server.port(), client_frame(0xca, "")) == 1002);
  CHECK(code_after(server.port(), client_frame(0xc8, "")) == 1002);
  CHECK(code_after(server.port(), client_frame(0x41, small) + client_frame(0xc0, "")) == 1002);
  for (int bits : {2, 3, 5, 6, 7})
    CHECK(code_after(server.port(), client_frame(0x81 | bits << 4, small)) == 1002);
  wire_socket s(server.port(), "/echo", offer);
  s.send(client_frame(0x41, small.substr(0, 3)) + ping_frame("between") +
         client_frame(0x80, small.substr(3)));
  CHECK(s.next() == wire_message{0x8a, "between"});
  CHECK(unpressed(s.next().value()) == "some text");
}

TEST_CASE("rfc7692: broken blocks get 1007, and so does a text that is no UTF-8 once it is inflated") {
  echo_server server;
  CHECK(code_after(server.port(), client_frame(deflated_text, "\xff\xff\xff\xff")) == 1007);
  CHECK(code_after(server.port(), client_frame(deflated_text, noise(500))) == 1007);
  CHECK(code_after(server.port(), client_frame(deflated_text, pressed("wrong \xc3("))) == 1007);
  CHECK(code_after(server.port(), client_frame(deflated_text, pressed("cut \xe2\x82"))) == 1007);
  // A window that was never filled: a message may not reach back into an earlier one.
  CHECK(code_after(server.port(), client_frame(deflated_text, std::string("\x02\x07\x00", 3))) == 1007);
}

TEST_CASE("rfc7692: a bomb stops at the bound of a message and costs no more than that") {
  echo_server server;
  auto bomb = pressed(std::string(64 << 20, '\0'), 15, 9);
  CHECK(bomb.size() < 100'000);
  CHECK(code_after(server.port(), client_frame(deflated_binary, bomb)) == 1009);
  CHECK(code_after(server.port(), fragmented(deflated_binary, bomb, 1000)) == 1009);
  echo_server narrow([](http::edge_limits& l) { l.socket_message_bytes_max = 1000; });
  CHECK(code_after(narrow.port(), client_frame(deflated_binary, pressed(std::string(1001, 'x')))) == 1009);
  wire_socket s(narrow.port(), "/echo", offer);
  s.send(client_frame(deflated_binary, pressed(std::string(1000, 'x'))));
  CHECK(unpressed(s.next().value()) == std::string(1000, 'x'));
}
