// What mutations::merge() makes of a record.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "protocol/cell_record.hpp"
#include "protocol/id_window.hpp"
#include "protocol/machine.hpp"

namespace troupe {

// Of the record, if there is one, and what is merged into it, the earlier first. Figures are added up, windows of ids get
// longer. Nothing if one of them is damaged, or records of that family cannot be merged.
inline std::optional<std::string> merge_values(family f, std::span<const std::string_view> operands) {
  if (f == family::rollups) return merge_figures(operands);
  if (f != family::events) return {};
  for (auto o : operands)
    if (!id_window::is_sound(o)) return {};
  return id_window::join(operands);
}

}  // namespace troupe
