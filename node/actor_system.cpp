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
  // One queue for the workers, who sleep until there is work. Stealing polls: 1.4 % of a core when idle, and up to
  // 10 ms until a sleeping worker looks again.
  set("scheduler.policy", caf::atom("sharing"));
  // Off by default: without them a frozen peer is never noticed.
  set("middleman.heartbeat-interval", caf::timespan(std::chrono::milliseconds(300)));
  set("middleman.connection-timeout", caf::timespan(std::chrono::milliseconds(1000)));
  openssl_cafile = identity.authority.string();
  openssl_certificate = identity.certificate.string();
  openssl_key = identity.key.string();
}

}  // namespace troupe::node
