// What the checks read out of a simulated store.
#pragma once

#include <string>
#include <string_view>

#include "storage/raft/replica.hpp"

namespace troupe::sim {

// Where the shard keeps how far its records are applied.
std::string applied_key();
snapshot_point applied_in(std::string_view bytes);
log_index index_of(std::string_view log_key);

}  // namespace troupe::sim
