// What a shard says of itself when it is asked for its status.
#pragma once

#include <string>

#include "storage/member.hpp"
#include "storage/shard_digest.hpp"

namespace troupe::storage {

struct status_sources {
  const shard_config& config;
  const storage::member& member;
  const shard_digest& digest;
  std::uint64_t bytes = 0;   // that the records take
  std::uint64_t pulled = 0;  // of the state that is being pulled
};

// An encoded schema::QueryResult.
std::string encode_status(const status_sources& of);

}  // namespace troupe::storage
