// What of a shard's feed a subscriber hears: its present source alone, and of that nothing before the position from which
// the rest follows. What an earlier source still sends, or the same one from when it was followed before, is not passed on.
#pragma once

#include <map>
#include <utility>

#include "actors/runtime/feed_position.hpp"

namespace troupe {

template <class Source>
class feed_entrance {
 public:
  void turn_to(shard_id shard, Source to) { sources_[shard] = {std::move(to), false}; }

  bool admits(const feed_head& feed, const Source& from) {
    auto it = sources_.find(feed.after.shard);
    if (it == sources_.end() || it->second.from != from) return false;
    it->second.has_begun = it->second.has_begun || !feed.has_facts;
    return it->second.has_begun;
  }

  void clear() { sources_.clear(); }

 private:
  struct source {
    Source from;
    bool has_begun = false;
  };
  std::map<shard_id, source> sources_;
};

}  // namespace troupe
