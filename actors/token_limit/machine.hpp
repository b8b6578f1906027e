// Token limits: what an organisation, a team or an agent is meant to spend in a period at most. Set and remove. They
// live in the system shard. Pure: see protocol/machine.hpp and README.md.
#pragma once

#include "protocol/machine.hpp"

namespace troupe::token_limits {

class token_limit_machine final : public machine {
 public:
  bool handles(schema::Command::Body::Which command) const override;
  void reads(schema::Command::Reader command, const stamp& at, read_set& keys) const override;
  outcome apply(const view& before, schema::Command::Reader command, const stamp& at) const override;
};

}  // namespace troupe::token_limits
