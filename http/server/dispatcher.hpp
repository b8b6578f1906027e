// What a session asks of the application above it, and how handlers answer.
#pragma once

#include <functional>
#include <optional>

#include "http/server/request.hpp"
#include "http/server/responder.hpp"
#include "http/server/response.hpp"

namespace troupe::http {

// Called on the session's thread with the whole request, or on the worker's where the route allows that; answers at once
// or later, from any thread. Must not block.
using handler = std::function<void(const request_ptr&, responder)>;

// Puts a problem into the form that the clients of a route understand.
using problem_form = response (*)(const request&, response problem);

class load_gate;

class dispatcher {
 public:
  struct verdict {
    std::optional<response> refusal;  // answered without reading the body
    const handler* run = nullptr;
    std::size_t body_bytes_max = 0;
    load_gate* gate = nullptr;  // to be passed before 'run'
    problem_form form = nullptr;
    bool reads_large_bodies = false;  // those are run by the worker
  };

  virtual ~dispatcher() = default;
  // The head has come, the body has not. Fills in route, captures and principal. Any I/O thread.
  virtual verdict admit(request& r) = 0;
};

}  // namespace troupe::http
