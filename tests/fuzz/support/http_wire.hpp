// One HTTP connection driven by hand: bytes into a session, its answers out, all on the calling thread. No listener, no
// clock: deadlines never pass.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "http/server/core.hpp"
#include "http/server/io_thread.hpp"

namespace troupe::fuzz {

class http_wire {
 public:
  // 'home' is not started: its context is run here.
  http_wire(std::shared_ptr<http::server_core> core, std::shared_ptr<http::io_thread> home,
            http::surface entry);
  ~http_wire();
  http_wire(const http_wire&) = delete;
  http_wire& operator=(const http_wire&) = delete;

  // Hands the bytes over, runs what they cause, and keeps what comes back.
  void send(std::string_view bytes);
  // No more bytes will come. The session must end of this.
  void finish();
  const std::string& answers() const { return answers_; }

 private:
  void settle();
  bool receive();

  const std::shared_ptr<http::io_thread> home_;
  int fd_ = -1;
  bool ended_ = false;
  std::string answers_;
};

}  // namespace troupe::fuzz
