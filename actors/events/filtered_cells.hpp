// Cells of the events that meet a filter, for what no cube has a field of: counted anew out of the stored events, by what
// counts them when they are stored, and asked as stored ones are.
//
// Invariants: the answer is the one that cells would give if no other events had been stored. An answer looks at so many events
// and counts so many, the latest blocks first, and is partial when those were not all. Memory: the cells of the counted ones.
#pragma once

#include "protocol/machine.hpp"

namespace troupe::events {

void read_filtered_cells(const record_reader& records, schema::Query::Reader query,
                         schema::QueryResult::Builder out);

}  // namespace troupe::events
