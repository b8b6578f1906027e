// Answers of the API as gzip, for clients that take it. Pure.
//
// Compression beside what an attacker may have put into an answer can tell him, by its length, what else is in there (BREACH).
// It does no harm here: no answer repeats a key or another secret, and a page of another origin cannot ask with somebody's
// key, which travels in a header field and never in a cookie.
#pragma once

#include <cstdint>

#include "http/server/request.hpp"
#include "http/server/response.hpp"

namespace troupe::http {

enum class packing : std::uint8_t {
  none,
  quick,  // takes well below a millisecond
  slow,   // not on a thread that others wait for
};

// Says in 'r' what its form depends on, and whether it is to be packed for this request.
packing packing_of(response& r, const request& asked);

// As it was if it does not get smaller.
response packed(response r);

}  // namespace troupe::http
