// Which node troupectl speaks to, and with which certificates. Looked for in this order:
//   --node (or --endpoint) and --pki-dir, each by itself; --data-dir; --context; then the same from TROUPE_ENDPOINT,
//   TROUPE_PKI_DIR, TROUPE_DATA_DIR, TROUPE_CONTEXT; then `current` of $XDG_CONFIG_HOME/troupe/config.toml; then
//   ./.troupe-data and the data directory that trouped uses by default.
// A data directory says both: run/admin.json has the address, pki/ the certificates.
#pragma once

#include <filesystem>
#include <string>

#include "node/actor_system.hpp"
#include "node/config.hpp"

namespace troupe::ctl {

struct wishes {
  std::string endpoint, pki_dir, data_dir, context;
};

struct target {
  node::listen_address endpoint;
  std::filesystem::path pki_dir;

  node::tls_identity identity() const;
};

// Failures: errc::invalid_argument (usage), errc::unavailable (no node was started on the data directory).
result<target> find_target(const wishes& flags, const node::environment& env);

}  // namespace troupe::ctl
