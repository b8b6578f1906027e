// What a session asks of the application above it, and how handlers answer.
#pragma once

#include <functional>
#include <optional>

#include "http/server/request.hpp"
#include "http/server/responder.hpp"
#include "http/server/response.hpp"

namespace troupe::http {

// Called on the session's thread with the whole request; answers at once or later, from any thread. Must not block.
using handler = std::function<void(const request_ptr&, responder)>;

class dispatcher {
 public:
  struct verdict {
    std::optional<response> refusal;  // answered without reading the body
    const handler* run = nullptr;
    std::size_t body_bytes_max = 0;
  };

  virtual ~dispatcher() = default;
  // The head has come, the body has not. Fills in route, captures and principal. Any I/O thread.
  virtual verdict admit(request& r) = 0;
};

}  // namespace troupe::http
