// Agents and their tasks: see README.md for commands and invariants. Pure: see protocol/machine.hpp.
#pragma once

#include "protocol/machine.hpp"

namespace troupe::agents {

class agent_machine final : public machine {
 public:
  bool handles(schema::Command::Body::Which command) const override;
  void reads(schema::Command::Reader command, const stamp& at, read_set& keys) const override;
  outcome apply(const view& before, schema::Command::Reader command, const stamp& at) const override;
};

}  // namespace troupe::agents
