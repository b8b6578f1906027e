// Where a reader stands: for each shard the number of the last event it has seen. Opaque to clients, who get it as a text
// with every push and hand it back to go on from there.
//
// Text: the numbers of shards 1, 2, ... with dots between; of one shard only, "<shard>-<number>".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/ids.hpp"

namespace troupe::http {

// Indexed by shard; the system shard has no events.
using position = std::vector<std::uint64_t>;

std::string offset_text(const position& p);
std::string offset_text(shard_id shard, std::uint64_t seq);
// A position over 'shards' shards. For the text of one shard the others are as in 'rest'.
std::optional<position> parse_offset(std::string_view text, const position& rest);

std::string epoch_text(epoch history);

}  // namespace troupe::http
