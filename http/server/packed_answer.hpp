// Answers of the API as gzip, for clients that take it. Pure.
//
// Compression of a secret beside text of an attacker can tell him, by the length of many answers, what the secret is (BREACH).
// There is none beside which he could write: a key is told once, to who has it made, and repeated nowhere. Nor can a page of
// another origin ask in somebody's name, time and again: a key travels in a header field, never in a cookie.
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
