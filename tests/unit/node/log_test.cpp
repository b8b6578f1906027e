// Log lines: JSON that parses, fields, one line for one message, no keys.
#include "node/log.hpp"

#include <spdlog/details/log_msg.h>

#include <boost/json.hpp>
#include <catch2/catch_test_macros.hpp>

using namespace troupe::node;

namespace {

std::string line_of(log_format format, std::string_view message) {
  spdlog::details::log_msg msg(spdlog::log_clock::time_point(std::chrono::milliseconds(1'700'000'000'123)),
                               {}, "troupe", spdlog::level::warn, {message.data(), message.size()});
  spdlog::memory_buf_t out;
  make_log_formatter(format, "node-1")->format(msg, out);
  return {out.data(), out.size()};
}

boost::json::object json_of(std::string_view message) {
  auto line = line_of(log_format::json, message);
  CHECK(line.back() == '\n');
  return boost::json::parse(line).as_object();
}

}  // namespace

TEST_CASE("log: a JSON line has time, level, message, node and the fields of the message") {
  auto o = json_of("the disk is slow | shard=3 request=0ab.1 took_ms=120");
  CHECK(o["time"] == "2023-11-14T22:13:20.123Z");
  CHECK(o["level"] == "warn");
  CHECK(o["message"] == "the disk is slow");
  CHECK(o["node"] == "node-1");
  CHECK(o["shard"] == 3);
  CHECK(o["request"] == "0ab.1");
  CHECK(o["took_ms"] == 120);
}

TEST_CASE("log: what only looks like fields stays in the message") {
  CHECK(json_of("a | b")["message"] == "a | b");
  CHECK(json_of("a | Shard=3")["message"] == "a | Shard=3");
  CHECK(json_of("quotes \" and \\ and \n lines")["message"] == "quotes \" and \\ and \n lines");
}

TEST_CASE("log: one message is one line for people as well") {
  CHECK(line_of(log_format::human, "two\nlines") == "2023-11-14T22:13:20.123Z warn   two lines\n");
}

TEST_CASE("log: a bearer key is struck out in both formats") {
  for (auto format : {log_format::human, log_format::json}) {
    auto line = line_of(format, "sent \"Authorization: Bearer abc.def\" and Bearer xyz");
    CHECK(line.find("abc") == std::string::npos);
    CHECK(line.find("xyz") == std::string::npos);
    CHECK(line.find("and Bearer ********") != std::string::npos);
  }
}
