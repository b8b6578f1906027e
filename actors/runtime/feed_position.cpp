#include "actors/runtime/feed_position.hpp"

#include <kj/exception.h>

#include "protocol/message.hpp"
#include "protocol/schema/reply.capnp.h"

namespace troupe {

std::optional<feed_head> head_of(std::string_view feed) {
  try {
    message_reader reader(feed);
    auto f = reader.root<schema::Feed>();
    return feed_head{
        {shard_id(f.getShard()), log_index(f.getIndex()), epoch(f.getEpoch()), event_seq(f.getLastSeq())},
        f.getFacts().size() > 0};
  } catch (const kj::Exception&) {
    return std::nullopt;
  }
}

std::string encode(const feed_position& p) {
  capnp::MallocMessageBuilder message;
  auto feed = message.initRoot<schema::Feed>();
  feed.setShard(p.shard.value);
  feed.setIndex(p.index.value);
  feed.setEpoch(p.history.value);
  feed.setLastSeq(p.last_seq.value);
  return to_bytes(message);
}

}  // namespace troupe
