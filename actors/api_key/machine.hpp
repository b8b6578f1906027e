// API keys: create and revoke. They live in the system shard. Pure: see protocol/machine.hpp and README.md.
#pragma once

#include "protocol/machine.hpp"

namespace troupe::api_keys {

class api_key_machine final : public machine {
 public:
  bool handles(schema::Command::Body::Which command) const override;
  void reads(schema::Command::Reader command, const stamp& at, read_set& keys) const override;
  outcome apply(const view& before, schema::Command::Reader command, const stamp& at) const override;
};

}  // namespace troupe::api_keys
