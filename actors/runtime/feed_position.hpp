// A feed without facts: it says where a shard stands, and that what follows begins there.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "protocol/ids.hpp"

namespace troupe {

struct feed_position {
  shard_id shard;
  log_index index;
  epoch history;
  event_seq last_seq;
};

struct feed_head {
  feed_position after;  // where the shard stands after this feed
  bool has_facts = false;
};

// Nothing if it cannot be decoded.
std::optional<feed_head> head_of(std::string_view feed);
// An encoded schema::Feed.
std::string encode(const feed_position& p);

}  // namespace troupe
