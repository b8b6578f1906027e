// The way back from a handler to its session. Copies answer the same request; the first answer counts.
//
// Invariants: may be called from any thread, at any time, also when the client has gone or the edge has stopped.
// A request whose last responder goes without an answer is answered with 500.
#pragma once

#include <memory>

#include "http/server/response.hpp"

namespace troupe::http {

class session;
class io_thread;
class exchange;

class responder {
 public:
  responder(std::shared_ptr<io_thread> home, std::shared_ptr<session> to, std::uint64_t request);

  void operator()(response r) const;
  io_thread& home() const;

 private:
  std::shared_ptr<exchange> exchange_;
};

}  // namespace troupe::http
