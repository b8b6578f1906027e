// The list of traces. Newest first it is a bounded walk over the newest events, page by page; in other orders it is a sample
// of all traces of the window. Neither looks at more than a bounded number of records, however many traces there are.
#pragma once

#include <string>
#include <vector>

#include "http/routes/context.hpp"
#include "http/routes/json_writer.hpp"
#include "protocol/rollup.hpp"

namespace troupe::http {

void list_traces(api_context& api, const request_ptr& r, const responder& back);

// started_at, ended_at, duration_ms, agents, events, errors, calls, tokens, cost_usd
void write_trace_sums(object_writer& to, const rollup& sum, const std::vector<std::string>& agents);

}  // namespace troupe::http
