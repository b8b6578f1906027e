#include "protocol/placement.hpp"

#include <xxhash.h>

namespace troupe {

shard_id shard_of(std::string_view org, std::string_view kind, std::string_view id,
                  std::uint16_t shards) noexcept {
  // Chained seeds keep ("a","bc") and ("ab","c") apart.
  auto h = XXH3_64bits_withSeed(org.data(), org.size(), org.size());
  h = XXH3_64bits_withSeed(kind.data(), kind.size(), h);
  h = XXH3_64bits_withSeed(id.data(), id.size(), h);
  return shard_id(static_cast<std::uint16_t>(1 + h % (shards - 1)));
}

}  // namespace troupe
