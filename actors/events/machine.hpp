// Events of a shard: appends batches, numbers them, indexes them, adds them up and keeps their agents' activity.
// Pure: see protocol/machine.hpp. What it promises is in README.md.
#pragma once

#include "protocol/machine.hpp"

namespace troupe::events {

class event_machine final : public machine {
 public:
  bool handles(schema::Command::Body::Which command) const override;
  void reads(schema::Command::Reader command, const stamp& at, read_set& keys) const override;
  outcome apply(const view& before, schema::Command::Reader command, const stamp& at) const override;
};

}  // namespace troupe::events
