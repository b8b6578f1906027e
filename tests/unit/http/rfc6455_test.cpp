// RFC 6455 in the manner of the Autobahn suite: its groups 1 to 5, 7, 9 and 10, against a socket that echoes. Each case is
// a conversation: bytes sent, frames expected, and then either the connection still answers or it is closed with a code.
#include <catch2/catch_test_macros.hpp>

#include "tests/support/echo_server.hpp"
#include "tests/support/wire_socket.hpp"

using namespace troupe;
using namespace troupe::test;

namespace {

struct wire_case {
  std::string name;
  std::string sent;
  std::vector<wire_message> expected;
  int code = 0;           // the close code; 0: it stays open
  std::size_t piece = 0;  // bytes of a send; 0: all in one
};

wire_message text(std::string s) { return {0x81, std::move(s)}; }
wire_message binary(std::string s) { return {0x82, std::move(s)}; }
wire_message pong(std::string s) { return {0x8a, std::move(s)}; }

void run(std::uint16_t port, const wire_case& c) {
  INFO(c.name);
  wire_socket s(port, "/echo");
  REQUIRE(s.status() == 101);
  s.send(c.sent, c.piece);
  if (c.code == 0) s.send(ping_frame("still there?"));
  const auto end = pong("still there?");
  std::vector<wire_message> got;
  std::optional<wire_message> m;
  while ((m = s.next()) && (m->first & 0x0f) != 8 && *m != end) got.push_back(std::move(*m));
  if (got != c.expected) {  // not shown whole: there may be megabytes of them
    CHECK(got.size() == c.expected.size());
    for (std::size_t i = 0; i < std::min(got.size(), c.expected.size()); ++i) {
      CHECK(got[i].first == c.expected[i].first);
      CHECK(got[i].payload.substr(0, 300) == c.expected[i].payload.substr(0, 300));
    }
    FAIL_CHECK("the frames differ");
  }
  REQUIRE(m);
  if (c.code == 0) {
    CHECK(*m == end);
  } else {
    CHECK(wire_socket::code_of(*m) == c.code);
    CHECK_FALSE(s.next());  // the close is the last frame, and the server ends it
  }
}

void run(const std::vector<wire_case>& cases) {
  echo_server server;
  for (auto& c : cases) run(server.port(), c);
}

std::string filled(std::size_t size, char c = '*') { return std::string(size, c); }

// Every case whole, byte by byte, and in odd pieces.
std::vector<wire_case> in_pieces(std::vector<wire_case> cases) {
  auto all = cases;
  for (auto piece : {std::size_t(1), std::size_t(7)})
    for (auto& c : cases) {
      auto one = c;
      one.name += " in pieces of " + std::to_string(piece);
      one.piece = piece;
      all.push_back(std::move(one));
    }
  return all;
}

}  // namespace

TEST_CASE("rfc6455: group 1, a message of any size comes back as it was sent") {
  std::vector<wire_case> cases;
  for (std::size_t size : {0, 1, 125, 126, 127, 128, 4095, 4096, 4097, 65535, 65536, 65537}) {
    auto name = std::to_string(size);
    cases.push_back({"text of " + name, text_frame(filled(size)), {text(filled(size))}});
    cases.push_back(
        {"binary of " + name, binary_frame(filled(size, '\xfe')), {binary(filled(size, '\xfe'))}});
  }
  cases.push_back({"text in pieces", text_frame(filled(65536)), {text(filled(65536))}, 0, 997});
  cases.push_back({"binary in pieces", binary_frame(filled(65536)), {binary(filled(65536))}, 0, 997});
  std::string many;
  std::vector<wire_message> back;
  for (int i = 0; i < 500; ++i) {
    many += text_frame(std::to_string(i));
    back.push_back(text(std::to_string(i)));
  }
  cases.push_back({"many at once", many, back});
  cases.push_back({"many in odd pieces", many, back, 0, 13});
  run(cases);
}

TEST_CASE("rfc6455: group 2, a ping is answered with its payload and a pong is not answered") {
  std::string ten;
  std::vector<wire_message> ten_back;
  for (int i = 0; i < 10; ++i) {
    ten += ping_frame("payload-" + std::to_string(i));
    ten_back.push_back(pong("payload-" + std::to_string(i)));
  }
  std::string bytes("\x00\xff\xfe\xfd\xfc\xfb\x00\xff", 8);
  run(in_pieces({
      {"empty", ping_frame(""), {pong("")}},
      {"text", ping_frame("Hello, world!"), {pong("Hello, world!")}},
      {"bytes that are no UTF-8", ping_frame(bytes), {pong(bytes)}},
      {"125 bytes", ping_frame(filled(125, '\xfe')), {pong(filled(125, '\xfe'))}},
      {"126 bytes", ping_frame(filled(126, '\xfe')), {}, 1002},
      {"a pong that nobody asked for", client_frame(0x8a, ""), {}},
      {"a pong with a payload", client_frame(0x8a, "unsolicited"), {}},
      {"a pong, then a ping", client_frame(0x8a, "x") + ping_frame("y"), {pong("y")}},
      {"ten pings", ten, ten_back},
  }));
}

TEST_CASE("rfc6455: group 3, a reserved bit without an extension ends the connection") {
  std::vector<wire_case> cases;
  for (int bits = 1; bits <= 7; ++bits)
    for (int opcode : {1, 2, 8, 9, 10}) {
      auto bad = client_frame(0x80 | bits << 4 | opcode, "x");
      auto title = "opcode " + std::to_string(opcode) + " with bits " + std::to_string(bits);
      cases.push_back({title, bad, {}, 1002});
      cases.push_back({title + " behind a message",
                       text_frame("Hello") + bad + ping_frame("late"),
                       {text("Hello")},
                       1002,
                       opcode == 1 ? 1U : 0U});
    }
  run(cases);
}

TEST_CASE("rfc6455: group 4, a reserved opcode ends the connection") {
  std::vector<wire_case> cases;
  for (int opcode : {3, 4, 5, 6, 7, 11, 12, 13, 14, 15}) {
    auto first = 0x80 | opcode;
    auto title = "opcode " + std::to_string(opcode);
    auto behind = text_frame("Hello") + client_frame(first, "") + ping_frame("late");
    cases.push_back({title, client_frame(first, ""), {}, 1002});
    cases.push_back({title + " with a payload", client_frame(first, "reserved"), {}, 1002});
    cases.push_back({title + " behind a message", behind, {text("Hello")}, 1002});
    cases.push_back({title + " byte by byte", behind, {text("Hello")}, 1002, 1});
  }
  run(cases);
}

TEST_CASE("rfc6455: group 5, fragments make a message and control frames may come between them") {
  auto first = [](std::string_view s) { return client_frame(0x01, s); };
  auto more = [](std::string_view s) { return client_frame(0x00, s); };
  auto last = [](std::string_view s) { return client_frame(0x80, s); };
  std::string with_pings = first("a");
  std::vector<wire_message> with_pings_back;
  for (int i = 0; i < 20; ++i) {
    with_pings += ping_frame(std::to_string(i)) + more("-");
    with_pings_back.push_back(pong(std::to_string(i)));
  }
  with_pings += last("z");
  with_pings_back.push_back(text("a" + filled(20, '-') + "z"));
  run(in_pieces({
      {"a ping in fragments", client_frame(0x09, "a") + last("b"), {}, 1002},
      {"a pong in fragments", client_frame(0x0a, "a") + last("b"), {}, 1002},
      {"a close in fragments", client_frame(0x08, "\x03\xe8") + last("b"), {}, 1002},
      {"two fragments", first("fragment1") + last("fragment2"), {text("fragment1fragment2")}},
      {"two fragments of a binary", client_frame(0x02, "a") + last("b"), {binary("ab")}},
      {"a ping between", first("one") + ping_frame("p") + last("two"), {pong("p"), text("onetwo")}},
      {"a pong between", first("one") + client_frame(0x8a, "p") + last("two"), {text("onetwo")}},
      {"twenty pings between", with_pings, with_pings_back},
      {"empty fragments", first("") + more("") + last(""), {text("")}},
      {"an empty first and last", first("") + more("middle") + last(""), {text("middle")}},
      {"a continuation of nothing", last("x") + text_frame("late"), {}, 1002},
      {"an unfinished continuation of nothing", more("x") + text_frame("late"), {}, 1002},
      {"a continuation behind a message", text_frame("Hello") + last("x"), {text("Hello")}, 1002},
      {"a continuation behind a fragmented one", first("a") + last("b") + last("c"), {text("ab")}, 1002},
      {"a text within a text", first("a") + text_frame("b"), {}, 1002},
      {"a binary within a text", first("a") + binary_frame("b"), {}, 1002},
      {"a first within a first", first("a") + first("b"), {}, 1002},
      {"two messages in fragments",
       first("a") + last("b") + first("c") + last("d"),
       {text("ab"), text("cd")}},
      {"a message in single bytes", fragmented(0x81, "every byte a frame", 1), {text("every byte a frame")}},
      {"a close within a message", first("a") + close_frame(1000), {}, 1000},
  }));
}

TEST_CASE("rfc6455: group 7, a close is answered with its code and what follows it is not read") {
  auto start = client_frame(0x01, "a"), rest = client_frame(0x80, "b");
  std::vector<wire_case> cases{
      {"without a code", client_frame(0x88, ""), {}, 1000},
      {"half a code", client_frame(0x88, "\x03"), {}, 1002},
      {"with a reason", close_frame(1000, "Hello World!"), {}, 1000},
      {"with the longest reason", close_frame(1000, filled(123)), {}, 1000},
      {"with a reason that is too long", close_frame(1000, filled(124)), {}, 1002},
      {"with a reason that is no UTF-8", close_frame(1000, "\xce\xba\xe1\xbd\xb9\xed\xa0\x80"), {}, 1007},
      {"with a reason cut within a letter", close_frame(1000, "\xce"), {}, 1007},
      {"a message first", text_frame("Hello") + close_frame(1000), {text("Hello")}, 1000},
      {"two closes", close_frame(1000) + close_frame(1001), {}, 1000},
      {"a ping behind it", close_frame(1000) + ping_frame("late"), {}, 1000},
      {"a message behind it", close_frame(1000) + text_frame("late"), {}, 1000},
      {"a broken frame behind it", close_frame(1000) + "\xff\xff\xff\xff", {}, 1000},
      {"a large message behind it", close_frame(1000) + text_frame(filled(262'144)), {}, 1000},
      {"the rest of a message behind it", start + close_frame(1000) + rest, {}, 1000},
  };
  for (int code :
       {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999})
    cases.push_back({"code " + std::to_string(code), close_frame(code, "why"), {}, code});
  for (int code : {0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535})
    cases.push_back({"code " + std::to_string(code) + " that is none", close_frame(code), {}, 1002});
  run(cases);
}

TEST_CASE(
    "rfc6455: groups 9 and 10, large messages in large and small frames come back, larger ones get 1009") {
  std::vector<wire_case> cases;
  for (std::size_t kib : {64, 256, 1024, 4096, 8192, 16384}) {
    auto name = std::to_string(kib) + " KiB";
    auto payload = filled(kib * 1024);
    cases.push_back({"text of " + name, text_frame(payload), {text(payload)}});
    cases.push_back({"binary of " + name, binary_frame(payload), {binary(payload)}});
  }
  auto four = filled(4 * 1024 * 1024);
  for (std::size_t size : {64, 256, 1024, 4096, 16384, 65536, 262144, 1048576})
    cases.push_back(
        {"4 MiB in frames of " + std::to_string(size), fragmented(0x82, four, size), {binary(four)}});
  auto one = filled(1024 * 1024);
  for (std::size_t piece : {64, 256, 1024, 2048})
    cases.push_back({"1 MiB in sends of " + std::to_string(piece), text_frame(one), {text(one)}, 0, piece});
  cases.push_back({"64 KiB in frames of 1300", fragmented(0x81, filled(65536), 1300), {text(filled(65536))}});
  auto too_much = filled(16 * 1024 * 1024 + 1);
  cases.push_back({"one byte too much", binary_frame(too_much), {}, 1009});
  cases.push_back({"too much in frames", fragmented(0x82, too_much, 1024 * 1024), {}, 1009});
  auto size_of = [](std::string_view size, std::string_view payload) {
    return std::string("\x82").append(size).append("\0\0\0\0", 4).append(payload);
  };
  using namespace std::string_view_literals;
  cases.push_back({"an absurd size", size_of("\xff\x7f\xff\xff\xff\xff\xff\xff\xff"sv, "x"), {}, 1009});
  cases.push_back({"a size below nothing", size_of("\xff\xff\xff\xff\xff\xff\xff\xff\xff"sv, "x"), {}, 1002});
  cases.push_back({"2 bytes for a size of 5", size_of("\xfe\0\x05"sv, "Hello"), {}, 1002});
  cases.push_back({"8 bytes for a size of 126", size_of("\xff\0\0\0\0\0\0\0\x7e"sv, filled(126)), {}, 1002});
  cases.push_back({"a frame without a mask", "\x81\x05Hello", {}, 1002});
  run(cases);
}
