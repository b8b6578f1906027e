// The settings of the actor system, the same for the node and for troupectl: modules, threads, mutual TLS, heartbeats.
//
// - CAF loads certificate files at each connection: a renewed certificate needs no restart.
// - caf_openssl checks that the peer's certificate is signed by our CA, and nothing else; a CA of the cluster's own is
//   therefore the whole of the access control, on both sides.
#pragma once

#include <caf/actor_system_config.hpp>

#include <filesystem>

namespace troupe::node {

struct tls_identity {
  std::filesystem::path authority, certificate, key;
};

class actor_config : public caf::actor_system_config {
 public:
  actor_config(unsigned threads, const tls_identity& identity);
};

}  // namespace troupe::node
