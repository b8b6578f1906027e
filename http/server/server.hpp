// The threads and listeners of an edge: bytes in, requests out to the dispatcher.
//
// prepare(), which may be left out, start() and stop() are called once, in this order, from one thread outside. It listens
// from its making on: clients that come before start() wait in the kernel's backlog.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "http/server/core.hpp"
#include "http/server/io_thread.hpp"
#include "http/server/listener.hpp"

namespace troupe::http {

class server {
 public:
  // Throws std::runtime_error that names an address that cannot be listened on.
  explicit server(std::shared_ptr<server_core> core);
  ~server();

  void prepare();  // the threads run
  void start();    // clients are let in
  // No new connections; open ones may finish for up to 'drain', sockets are told to come back.
  void stop(std::chrono::milliseconds drain);

  struct ports {
    std::vector<std::uint16_t> main, otlp;  // in the order of the configuration
  };
  const ports& listening() const { return ports_; }
  const std::vector<std::shared_ptr<io_thread>>& threads() const { return threads_; }

 private:
  void listen(const std::vector<listen_address>& at, surface entry, std::vector<std::uint16_t>& out);

  const std::shared_ptr<server_core> core_;
  std::vector<std::shared_ptr<io_thread>> threads_;
  std::vector<std::shared_ptr<listener>> listeners_;
  ports ports_;
  bool running_ = false;
};

}  // namespace troupe::http
