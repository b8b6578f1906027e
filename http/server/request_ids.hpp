// Ids that follow a request through the logs.
#pragma once

#include <string>
#include <string_view>

namespace troupe::http {

// The client's X-Request-Id if it is short and plain, else a fresh one.
std::string request_id_of(std::string_view given);
// The client's trace with a span of ours (W3C Trace Context, version 00); empty if 'given' is not valid.
std::string trace_parent_of(std::string_view given);

std::uint64_t random_u64();

}  // namespace troupe::http
