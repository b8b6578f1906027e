// Events of every kind that the insight pages count, so that their questions have something to look through: agents of teams
// that look into memory, use knowledge and tools, call models and ask each other. Eight events a trace, as events.hpp's.
#pragma once

#include <string>

#include "tests/bench/events.hpp"

namespace troupe::bench {

// A body of 'count' events, one a line, each with an id of its own.
void make_mixed_ndjson(event_source& from, int count, std::string& out);

}  // namespace troupe::bench
