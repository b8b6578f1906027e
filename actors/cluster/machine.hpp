// The cluster's map in the system shard: who is in, who may join, where the shards are. Pure: see protocol/machine.hpp and
// README.md. The map is one record, so that every change of it is one version.
#pragma once

#include "protocol/machine.hpp"

namespace troupe::cluster {

inline constexpr std::size_t nodes_max = 64;  // that have not left
inline constexpr std::size_t left_kept_max = 256;
inline constexpr std::size_t invitations_max = 64;
inline constexpr std::size_t name_bytes_max = 63;
inline constexpr std::int64_t invitation_us_max = 7LL * 24 * 3600 * 1'000'000;

class cluster_machine final : public machine {
 public:
  bool handles(schema::Command::Body::Which command) const override {
    return command == schema::Command::Body::CLUSTER;
  }
  void reads(schema::Command::Reader command, const stamp& at, read_set& keys) const override;
  outcome apply(const view& before, schema::Command::Reader command, const stamp& at) const override;
};

}  // namespace troupe::cluster
