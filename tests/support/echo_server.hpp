// A server whose WebSockets say back what they are told: what conformance is tested against. On a free port.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "http/routes/router.hpp"
#include "http/server/server.hpp"

namespace troupe::test {

class echo_server {
 public:
  // Messages of up to 16 MiB and no limit of their rate, unless 'change' says otherwise.
  explicit echo_server(const std::function<void(http::edge_limits&)>& change = {});
  ~echo_server();

  std::uint16_t port() const { return made_->listening().main.at(0); }
  const http::stats_counters& stats() const { return core_->stats; }

 private:
  struct nobody;
  std::unique_ptr<nobody> keys_;
  std::shared_ptr<http::server_core> core_;
  std::unique_ptr<http::router> app_;
  std::unique_ptr<http::server> made_;
};

}  // namespace troupe::test
