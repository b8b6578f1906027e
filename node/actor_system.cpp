#include "node/actor_system.hpp"

#include <caf/io/middleman.hpp>
#include <caf/openssl/manager.hpp>

#include <chrono>

#include "protocol/frame.hpp"

namespace troupe::node {

actor_config::actor_config(unsigned threads, const tls_identity& identity) {
  add_message_type<frame>("frame");
  load<caf::io::middleman>();
  load<caf::openssl::manager>();
  set("scheduler.max-threads", static_cast<std::size_t>(threads));
  // Off by default: without them a frozen peer is never noticed.
  set("middleman.heartbeat-interval", caf::timespan(std::chrono::seconds(2)));
  set("middleman.connection-timeout", caf::timespan(std::chrono::seconds(20)));
  openssl_cafile = identity.authority.string();
  openssl_certificate = identity.certificate.string();
  openssl_key = identity.key.string();
}

}  // namespace troupe::node
