// The ops listener (Pistache): /metrics for Prometheus, /livez, /readyz. For scrapers and probes, not for clients:
// see docs/decisions for what was measured. GET and HEAD only, no key.
//
// - All runs on Pistache's one worker; what it calls may not block for long or throw (all is caught anyway).
// - Whoever is silent, slow or no client at all keeps nobody else from an answer: connections are bounded, the one that was
//   silent longest goes first, and who does not take an answer is cut.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "node/listen_address.hpp"
#include "protocol/result.hpp"

namespace troupe::node {

struct ops_sources {
  // The text of /metrics, with or without the seeds' names: see metrics.hpp.
  enum class aliases { with, without };
  std::function<std::string(aliases)> metrics;
  // Why the node is not ready for traffic; empty: it is.
  std::function<std::vector<std::string>()> problems;
};

class ops_listener {
 public:
  static result<std::unique_ptr<ops_listener>> start(const listen_address& where, ops_sources sources);
  ~ops_listener();

  // With the port that was picked.
  const listen_address& address() const { return address_; }

 private:
  struct endpoint;
  ops_listener();

  listen_address address_;
  std::unique_ptr<endpoint> endpoint_;
};

}  // namespace troupe::node
