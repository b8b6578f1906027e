// Dashboards: see README.md for commands and invariants. Pure: see protocol/machine.hpp.
#pragma once

#include "protocol/machine.hpp"

namespace troupe::dashboards {

class dashboard_machine final : public machine {
 public:
  bool handles(schema::Command::Body::Which command) const override;
  void reads(schema::Command::Reader command, const stamp& at, read_set& keys) const override;
  outcome apply(const view& before, schema::Command::Reader command, const stamp& at) const override;
};

}  // namespace troupe::dashboards
