// How a question is narrowed to some events: by the fields of its cube where it has them all, else by counting the events anew.
#pragma once

#include "http/insight/cells.hpp"

namespace troupe::http {

// Asks only for what these names leave.
void narrow(cell_question& q, const insight_names& names);

// Of usage: the smallest cube that can tell apart what is asked and by what it is narrowed.
cell_question usage_question(const insight_window& window, const insight_names& names,
                             std::vector<schema::CellField> by);

}  // namespace troupe::http
