// The bytes that a server sent, read as HTTP by Beast's parser, which is not the one that wrote them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace troupe::fuzz {

struct http_answer {
  int status = 0;
  std::string type, body;
  bool closes = false;
};

struct http_answers {
  std::vector<http_answer> whole;
  bool sound = true;  // nothing is left, nothing was wrong
};

// Answers to HEAD have no body, whatever their length says; what is no request at all is answered with one.
enum class asked : bool { with_bodies, by_head };
http_answers read_answers(std::string_view bytes, asked how);

}  // namespace troupe::fuzz
