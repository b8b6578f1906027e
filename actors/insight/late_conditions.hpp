// Conditions that groups are held against, not cells: those on a name that is grouped by, when they allow many values. Sums of
// a window are kept without them, so that whoever asks for some groups and then for others finds the same ones again.
// Owned by one query.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/schema/insight.capnp.h"

namespace troupe::insight {

// The fields whose conditions are such.
class late_fields {
 public:
  explicit late_fields(schema::ReadCells::Reader asked);
  bool has(schema::CellField field) const { return fields_.contains(field); }

 private:
  std::set<schema::CellField> fields_;  // a question may name any number, also one that is no field
};

class late_conditions {
 public:
  // What 'asked' reads from must outlive it.
  explicit late_conditions(schema::ReadCells::Reader asked);

  // A group's name: its texts, as in keys.
  bool met_by(std::string_view name);

 private:
  struct condition {
    std::vector<std::string_view> values;  // in order; none: anything goes
    std::string last;                      // names come in order: often the same text again
    bool last_met = false, any_seen = false;

    bool met_by(std::string_view text);
  };
  std::vector<condition> conditions_;  // by the place in the name, no further than the last one
  std::string unescaped_;
};

}  // namespace troupe::insight
