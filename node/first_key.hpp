// The admin key of a node's first start: made when there is no key at all, given by the operator or drawn.
#pragma once

#include <chrono>
#include <string>

#include "actors/runtime/client.hpp"

namespace troupe::node {

enum class key_origin : std::uint8_t { existed, given, drawn };

struct first_key {
  key_origin from = key_origin::existed;
  std::string text;  // empty when keys existed: only their hashes are kept
};

// Waits for the system shard, at most 'deadline'. 'wished' empty: draw one.
result<first_key> ensure_admin_key(client& actors, const std::string& wished,
                                   std::chrono::milliseconds deadline);

}  // namespace troupe::node
