// Adds up what the shards answered to one question about cells. Owned by whoever asked.
#pragma once

#include <optional>

#include "http/insight/cells.hpp"

namespace troupe::http {

// Nothing if an answer cannot be read.
std::optional<cell_table> add_up(const results& found, const cell_question& q);

}  // namespace troupe::http
