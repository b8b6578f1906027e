// Codes of everything that can be refused or fail. The number goes over the wire: never renumber.
#pragma once

#include <cstdint>
#include <string_view>

namespace troupe {

enum class errc : std::uint16_t {
  none = 0,
  invalid_argument = 1,  // the request is wrong and stays wrong
  not_found = 2,
  conflict = 3,              // the state does not allow it
  version_mismatch = 4,      // If-Match does not hold
  idempotency_mismatch = 5,  // the key was used for another request
  in_flight = 6,             // a request with this idempotency key is being worked on
  unauthenticated = 7,
  forbidden = 8,
  too_large = 9,
  overloaded = 10,   // a bound was reached: come back later
  not_leader = 11,   // internal: the router looks for the leader
  unavailable = 12,  // no majority, or the node is stopping
  timed_out = 13,    // it may or may not have happened
  no_space = 14,     // the disk is full
  corrupt = 15,      // a checksum or an invariant does not hold
  unsupported = 16,  // unknown command, version or level
  internal = 17,
};

// The code's name as it appears in logs and problem documents, for example "version_mismatch".
std::string_view to_string(errc code) noexcept;

// The HTTP status that says the same (RFC 9110, RFC 6585, RFC 4918).
int http_status(errc code) noexcept;

}  // namespace troupe
