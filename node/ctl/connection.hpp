// A connection of troupectl to a node: CAF over mutual TLS, one question at a time, each with a deadline.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "node/actor_system.hpp"
#include "node/listen_address.hpp"
#include "protocol/result.hpp"

namespace troupe::ctl {

class connection {
 public:
  // Fails with errc::unavailable when nothing listens or the other side is not of our cluster.
  static result<std::unique_ptr<connection>> open(const node::listen_address& where,
                                                  const node::tls_identity& identity,
                                                  std::chrono::milliseconds deadline);
  ~connection();

  // An encoded schema::AdminRequest; answered with an encoded schema::AdminReply. A refusal is a failure.
  result<std::string> ask(const std::string& request);
  // Shows each encoded schema::Feed of the agent (empty: of all) until show returns false or the node goes.
  // Never returns a success by itself while the node stays.
  result<bool> tail(const std::string& agent, const std::function<bool(std::string_view)>& show);

 private:
  struct inside;
  explicit connection(std::unique_ptr<inside> in);
  std::unique_ptr<inside> in_;
};

}  // namespace troupe::ctl
