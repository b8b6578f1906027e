// Which index of the events answers a filter with the fewest looks.
#pragma once

#include <string>
#include <string_view>

#include "newest_first.hpp"
#include "protocol/schema/query.capnp.h"

namespace troupe::events {

// The index that narrows the question most, without time and seq.
std::string index_prefix(std::string_view org, schema::EventFilter::Reader asked);
// Is an event one of the index that index_prefix() chose? What 'asked' reads from must outlive it.
newest_first::member member_of(schema::EventFilter::Reader asked);

}  // namespace troupe::events
