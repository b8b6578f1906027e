// Which shard an entity lives in. Fixed for the life of a cluster: changing this function loses data.
#pragma once

#include <string_view>

#include "protocol/ids.hpp"

namespace troupe {

// Holds organisations, API keys and the cluster map; nothing is hashed to it.
inline constexpr shard_id system_shard{0};

// 'shards' is the number the cluster was created with, the system shard included, at least 2.
shard_id shard_of(std::string_view org, std::string_view kind, std::string_view id,
                  std::uint16_t shards) noexcept;

}  // namespace troupe
