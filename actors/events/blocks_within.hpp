// Visits the events of an index within some time, block by block, for whoever needs all of them and no order: each block is
// read once, however many spans of the index lead to it.
//
// Blocks come by the newest of their spans, the latest first. Memory: numbers of blocks, and one block.
#pragma once

#include <functional>
#include <string>

#include "newest_first.hpp"

namespace troupe::events {

// Until visit returns false, and of no more than 'spans_max' spans. False: that was not all.
bool each_within(const record_reader& records, const std::string& prefix, const newest_first::bounds& within,
                 const newest_first::member& is_member, std::int64_t spans_max,
                 const std::function<bool(schema::Event::Reader)>& visit);

}  // namespace troupe::events
