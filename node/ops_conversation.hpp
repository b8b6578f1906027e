// One connection of the ops listener: bytes in, answers out. Requests without a body only, one after the other; whatever
// else comes is refused, and nothing is taken after it.
//
// Pure: no socket, no clock. What is held of a connection is bounded by 'held_bytes_max'. Owned by the listener's one worker.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::node {

struct ops_request {
  bool reads = false;       // GET or HEAD
  std::string_view target;  // as it came
};

struct ops_answer {
  unsigned status = 200;
  std::string type = "application/json";
  std::string body;
};
// A problem document (RFC 9457).
ops_answer ops_problem(unsigned status, std::string_view title, std::string_view detail);

class ops_conversation {
 public:
  static constexpr std::size_t head_bytes_max = 16 * 1024;
  static constexpr std::size_t held_bytes_max = 4 * head_bytes_max;

  // What came. More than a client that waits for answers can have sent ends it.
  void receive(std::string_view bytes);

  // The answer to the next request that is complete, in the form of HTTP/1.1; nothing if there is none.
  using answerer = std::function<ops_answer(const ops_request&)>;
  std::optional<std::string> next(const answerer& answer);

  // The connection ends when what next() gave is sent.
  bool is_over() const { return over_; }
  void end() { over_ = true, received_.clear(); }

 private:
  std::string refuse(unsigned status, std::string_view title, std::string_view detail);

  std::string received_;
  bool over_ = false;
};

}  // namespace troupe::node
