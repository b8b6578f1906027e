// What a connection of the ops listener answers to bytes, in whatever pieces they come.
#include "node/ops_conversation.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace troupe::node;

namespace {

ops_answer tell(const ops_request& asked) {
  return {200, "text/plain", std::string(asked.target) + (asked.reads ? "|r" : "|w")};
}

// All that is answered to the pieces.
std::string said_to(ops_conversation& c, std::initializer_list<std::string> pieces) {
  std::string all;
  for (auto& piece : pieces) {
    c.receive(piece);
    while (auto reply = c.next(tell)) all += *reply;
  }
  return all;
}

struct row {
  std::string bytes, begins;  // of the answer; none: it waits for more
  bool over;
};

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("ops conversation: what is understood, refused and waited for") {
  const std::string end = "\r\nHost: x\r\n\r\n";
  const row rows[] = {
      {"GET /a?b=c HTTP/1.1" + end, "HTTP/1.1 200 OK", false},
      {"HEAD /a HTTP/1.1" + end, "HTTP/1.1 200 OK", false},
      {"POST /a HTTP/1.1\r\nContent-Length: 0" + end, "HTTP/1.1 200 OK", false},
      {"GET /a HTTP/1.1\r\nConnection: close" + end, "HTTP/1.1 200 OK", true},
      {"GET /a HTTP/1.0" + end, "HTTP/1.1 200 OK", true},
      {"GET /a HTTP/1.1\r\nContent-Length: 3" + end + "abc", "HTTP/1.1 413", true},
      {"GET /a HTTP/1.1\r\nTransfer-Encoding: chunked" + end, "HTTP/1.1 413", true},
      {"POST /a HTTP/1.1\r\nContent-Length: 3" + end + "abc", "HTTP/1.1 200 OK", true},
      {"GET /a HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2" + end, "HTTP/1.1 400", true},
      {"GET /a HTTP/9.9" + end, "HTTP/1.1 400", true},
      {"GET /a b HTTP/1.1" + end, "HTTP/1.1 400", true},
      {"\x16\x03\x01\x02" + end, "HTTP/1.1 400", true},
      {"GET /a HTTP/1.1\r\nX: " + std::string(ops_conversation::head_bytes_max, 'x'), "HTTP/1.1 431", true},
      {"GET /" + std::string(ops_conversation::head_bytes_max, 'x'), "HTTP/1.1 431", true},
      {"GET /" + std::string(ops_conversation::held_bytes_max, 'x'), "", true},
      {"GET /a HTTP/1.1\r\nHost: x\r\n", "", false},
  };
  for (const auto& r : rows) {
    CAPTURE(r.bytes.substr(0, 80));
    ops_conversation c;
    auto said = said_to(c, {r.bytes});
    CHECK(said.starts_with(r.begins));
    CHECK(said.empty() == r.begins.empty());
    CHECK(c.is_over() == r.over);
  }
}

TEST_CASE("ops conversation: pieces of any size and several requests at once are told in order") {
  const std::string first = "GET /one?x HTTP/1.1\r\nHost: x\r\n\r\n", second = "POST /two HTTP/1.1\r\n\r\n";
  ops_conversation whole, split;
  auto expected = said_to(whole, {first + second});
  CHECK(expected.find("/one?x|r") < expected.find("/two|w"));
  std::string all;
  for (char byte : first + second) all += said_to(split, {std::string(1, byte)});
  CHECK(all == expected);
}

TEST_CASE("ops conversation: nothing is answered behind the last answer") {
  ops_conversation c;
  auto said = said_to(
      c, {"GET /a HTTP/1.1\r\nConnection: close\r\n\r\nGET /b HTTP/1.1\r\n\r\n", "GET /c HTTP/1.1\r\n\r\n"});
  CHECK(contains(said, "/a|"));
  CHECK(!contains(said, "/b|"));
  CHECK(!contains(said, "/c|"));
}

TEST_CASE("ops conversation: HEAD gets the length of what GET would get, and no body") {
  ops_conversation c;
  auto said = said_to(c, {"HEAD /a HTTP/1.1\r\n\r\n"});
  CHECK(contains(said, "Content-Length: 4\r\n"));
  CHECK(said.ends_with("\r\n\r\n"));
}
