// Group 6 of the Autobahn suite: a text is UTF-8, also across fragments, and the first wrong byte ends the connection
// without waiting for the rest.
#include <catch2/catch_test_macros.hpp>

#include "tests/support/echo_server.hpp"
#include "tests/support/wire_socket.hpp"

using namespace troupe::test;

namespace {

struct sample {
  const char* name;
  std::string text;
};

const std::vector<sample> sound{
    {"German", "Hello-\xc2\xb5@\xc3\x9f\xc3\xb6\xc3\xa4\xc3\xbc\xc3\xa0\xc3\xa1-UTF-8!!"},
    {"Greek", "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5"},
    {"NUL", std::string("\0", 1)},
    {"the first of 2 bytes", "\xc2\x80"},
    {"the first of 3 bytes", "\xe0\xa0\x80"},
    {"the first of 4 bytes", "\xf0\x90\x80\x80"},
    {"the last of 1 byte", "\x7f"},
    {"the last of 2 bytes", "\xdf\xbf"},
    {"the last of 3 bytes", "\xef\xbf\xbf"},
    {"the last of all", "\xf4\x8f\xbf\xbf"},
    {"before the surrogates", "\xed\x9f\xbf"},
    {"behind the surrogates", "\xee\x80\x80"},
    {"the replacement letter", "\xef\xbf\xbd"},
    {"no letter: U+FFFE", "\xef\xbf\xbe"},
    {"no letter: U+1FFFF", "\xf0\x9f\xbf\xbf"},
    {"no letter: U+10FFFE", "\xf4\x8f\xbf\xbe"},
};

// Wrong whatever would follow.
const std::vector<sample> wrong{
    {"a lone continuation 80", "\x80"},
    {"a lone continuation bf", "\xbf"},
    {"two continuations", "\x80\xbf"},
    {"seven continuations", "\x80\xbf\x80\xbf\x80\xbf\x80"},
    {"c0", "\xc0"},
    {"c1", "\xc1"},
    {"f5", "\xf5"},
    {"f8, once the first of 5", "\xf8"},
    {"fc, once the first of 6", "\xfc"},
    {"fe", "\xfe"},
    {"ff", "\xff"},
    {"fe fe ff ff", "\xfe\xfe\xff\xff"},
    {"a start and a space", "\xc3 "},
    {"a start of 3 and a space", "\xe1 "},
    {"a start of 4 and a space", "\xf1 "},
    {"3 bytes that lack the last", "\xe2\x82 "},
    {"4 bytes that lack the last", "\xf0\x9f\x98 "},
    {"a start behind a start", "\xc3\xc3"},
    {"overlong solidus of 2", "\xc0\xaf"},
    {"overlong solidus of 3", "\xe0\x80\xaf"},
    {"overlong solidus of 4", "\xf0\x80\x80\xaf"},
    {"overlong of 5", "\xf8\x80\x80\x80\xaf"},
    {"overlong of 6", "\xfc\x80\x80\x80\x80\xaf"},
    {"the largest overlong of 2", "\xc1\xbf"},
    {"the largest overlong of 3", "\xe0\x9f\xbf"},
    {"the largest overlong of 4", "\xf0\x8f\xbf\xbf"},
    {"overlong NUL of 2", "\xc0\x80"},
    {"overlong NUL of 3", "\xe0\x80\x80"},
    {"overlong NUL of 4", "\xf0\x80\x80\x80"},
    {"the surrogate D800", "\xed\xa0\x80"},
    {"the surrogate DB7F", "\xed\xad\xbf"},
    {"the surrogate DB80", "\xed\xae\x80"},
    {"the surrogate DBFF", "\xed\xaf\xbf"},
    {"the surrogate DC00", "\xed\xb0\x80"},
    {"the surrogate DF80", "\xed\xbe\x80"},
    {"the surrogate DFFF", "\xed\xbf\xbf"},
    {"a pair of surrogates", "\xed\xa0\x80\xed\xb0\x80"},
    {"above the last", "\xf4\x90\x80\x80"},
    {"far above the last", "\xf7\xbf\xbf\xbf"},
    {"ISO 8859-1", "Gr\xfc\xdf Gott"},
};

// Sound as far as it goes, but a text may not end there.
const std::vector<sample> cut{
    {"1 of 2", "\xc3"},
    {"1 of 3", "\xe1"},
    {"2 of 3", "\xe1\xbd"},
    {"1 of 4", "\xf0"},
    {"2 of 4", "\xf0\x9f"},
    {"3 of 4", "\xf0\x9f\x98"},
    {"half of the second letter", "\xce\xba\xcf"},
};

int code_after(std::uint16_t port, const std::string& sent, std::size_t piece = 0) {
  wire_socket s(port, "/echo");
  s.send(sent, piece);
  auto m = s.next();
  return m ? wire_socket::code_of(*m) : 0;
}

}  // namespace

TEST_CASE("rfc6455: group 6, sound UTF-8 comes back however it is cut into frames") {
  echo_server server;
  for (auto& one : sound)
    for (auto& text : {one.text, "before " + one.text + " behind"}) {
      INFO(one.name);
      wire_socket s(server.port(), "/echo");
      s.send(text_frame(text) + fragmented(0x81, text, 1) + fragmented(0x81, text, 2));
      s.send(text_frame(text), 1);
      for (int i = 0; i < 4; ++i) CHECK(s.next() == wire_message{0x81, text});
    }
}

TEST_CASE("rfc6455: group 6, wrong UTF-8 is refused with 1007 at the byte that is wrong") {
  echo_server server;
  for (auto& one : wrong)
    for (auto& text : {one.text, "twelve bytes" + one.text + "behind"}) {
      INFO(one.name);
      CHECK(code_after(server.port(), text_frame(text)) == 1007);
      CHECK(code_after(server.port(), fragmented(0x81, text, 1)) == 1007);
      CHECK(code_after(server.port(), text_frame(text), 1) == 1007);
      // Neither the message nor the frame is over: it does not wait for them.
      CHECK(code_after(server.port(), client_frame(0x01, text)) == 1007);
      auto unfinished = text_frame(text + std::string(200, 'x'));
      CHECK(code_after(server.port(), unfinished.substr(0, unfinished.size() - 100)) == 1007);
    }
}

TEST_CASE(
    "rfc6455: group 6, a text that ends within a letter is refused with 1007, a binary is not looked at") {
  echo_server server;
  for (auto& one : cut) {
    INFO(one.name);
    CHECK(code_after(server.port(), text_frame(one.text)) == 1007);
    CHECK(code_after(server.port(), fragmented(0x81, one.text, 1)) == 1007);
    CHECK(code_after(server.port(), client_frame(0x01, one.text) + client_frame(0x80, "")) == 1007);
  }
  for (auto& one : wrong) {
    wire_socket s(server.port(), "/echo");
    s.send(binary_frame(one.text));
    CHECK(s.next() == wire_message{0x82, one.text});
  }
}
