// Which cube answers a question about usage: the smallest one that can tell apart what is asked and by what it is cut.
#pragma once

#include <vector>

#include "http/insight/cells.hpp"

namespace troupe::http {

// By 'by', of those that fit the names.
cell_question usage_question(const insight_window& window, const insight_names& names,
                             std::vector<schema::CellField> by);

}  // namespace troupe::http
