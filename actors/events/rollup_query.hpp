// Reads rollups: every key of a span of time, or one key through it.
#pragma once

#include "protocol/machine.hpp"

namespace troupe::events {

void read_rollups(const record_reader& records, schema::Query::Reader query,
                  schema::QueryResult::Builder out);

}  // namespace troupe::events
