// HTTP/1.1 with keep-alive, one request at a time per connection, as much of it as our own server and the peers answer
// with: Content-Length bodies. A connection that the server ends is opened again with the next request.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "tests/bench/byte_stream.hpp"

namespace troupe::bench {

struct http_answer {
  int status = 0;  // 0: the connection ended without an answer
  bool has_retry_after = false;
  std::string_view body;
};

struct http_target {
  std::uint16_t port = 0;
  std::string path, key, content_type;
  // The head of a POST with a body of so many bytes.
  std::string head(std::size_t body_bytes) const;
};

class http_client {
 public:
  using answered = std::function<void(const http_answer&)>;
  http_client(loop& on, std::uint16_t port);
  ~http_client();

  bool is_busy() const { return static_cast<bool>(waiting_); }
  void send(std::string_view head, std::string_view body, answered done);

 private:
  class stream;
  void finish(const http_answer& a);

  loop& loop_;
  std::uint16_t port_;
  std::unique_ptr<stream> stream_, ended_;
  answered waiting_;
};

// The number after "name": in a flat JSON answer, or 0.
std::uint64_t number_in(std::string_view json, std::string_view name);

}  // namespace troupe::bench
