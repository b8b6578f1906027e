#include "late_conditions.hpp"

#include <algorithm>
#include <map>

#include "protocol/cells.hpp"
#include "protocol/message.hpp"

namespace troupe::insight {

namespace {

// Fewer are looked for one by one, where they lie.
constexpr std::size_t late_values_min = 8;

bool may_be_late(schema::ReadCells::Reader asked) {
  auto* shape = shape_of(asked.getCube());
  return shape && !shape->is_hashed && shape->spans != cell_spans::timeless &&
         asked.getCube() != schema::Cube::BUSY;
}

}  // namespace

late_fields::late_fields(schema::ReadCells::Reader asked) {
  if (!may_be_late(asked)) return;
  std::map<schema::CellField, std::size_t> values;
  for (auto c : asked.getWhere()) ++values[c.getField()];
  for (auto field : asked.getGroupBy())
    if (auto at = values.find(field); at != values.end() && at->second >= late_values_min)
      fields_.insert(field);
}

late_conditions::late_conditions(schema::ReadCells::Reader asked) {
  late_fields late(asked);
  auto by = asked.getGroupBy();
  for (unsigned i = 0; i < by.size(); ++i) {
    if (!late.has(by[i])) continue;
    conditions_.resize(i + 1);
    auto& values = conditions_[i].values;
    for (auto c : asked.getWhere())
      if (c.getField() == by[i]) values.push_back(view_of(c.getValue()));
    std::sort(values.begin(), values.end());
  }
}

bool late_conditions::met_by(std::string_view name) {
  key_reader in(name);
  return std::all_of(conditions_.begin(), conditions_.end(),
                     [&](condition& c) { return c.met_by(in.text(unescaped_)); });
}

bool late_conditions::condition::met_by(std::string_view text) {
  if (values.empty()) return true;
  if (any_seen && text == last) return last_met;
  any_seen = true;
  last = text;
  last_met = std::binary_search(values.begin(), values.end(), text);
  return last_met;
}

}  // namespace troupe::insight
