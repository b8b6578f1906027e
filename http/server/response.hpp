// What a request is answered with. A value; the session writes it.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::http {

class takeover;

struct response {
  int status = 200;
  std::string content_type;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::shared_ptr<const std::string> shared_body;  // instead of body
  // Takes the connection (WebSocket, event stream) instead of a body.
  std::shared_ptr<takeover> next;
  std::string detail;  // of a problem: for those who put it in another form
  bool close = false;  // end the connection behind this answer

  response& with(std::string_view name, std::string_view value);
  bool has(std::string_view name) const;
  std::string_view payload() const { return shared_body ? *shared_body : body; }

  static response json(std::string text, int status = 200);
  static response empty(int status = 204);
};

std::string_view reason_phrase(int status);

}  // namespace troupe::http
