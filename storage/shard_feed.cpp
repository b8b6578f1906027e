#include "storage/shard_feed.hpp"

#include <caf/all.hpp>

#include <algorithm>

#include "protocol/limits.hpp"
#include "protocol/message.hpp"
#include "protocol/schema/query.capnp.h"
#include "storage/shard_client.hpp"

namespace troupe::storage {

void shard_feed::follow(const caf::actor& who, const position& now) {
  auto& f = followers_[who.address()];
  f = {who};
  tell(f, now);
}

void shard_feed::tell(follower& f, const position& now) {
  capnp::MallocMessageBuilder message;
  auto feed = message.initRoot<schema::Feed>();
  feed.setShard(shard_.value);
  feed.setIndex(now.applied.value);
  feed.setEpoch(history_.value);
  feed.setLastSeq(now.last.value);
  auto told = frame::of(frame_kind::feed, to_bytes(message));
  f.ahead_bytes += told.bytes.size();
  self_.send(f.who, std::move(told));
}

void shard_feed::hold() {
  for (auto& [address, f] : followers_) f.skipping = true;
}

void shard_feed::tell_all(const position& now) {
  for (auto& [address, f] : followers_) {
    f.skipping = false;
    tell(f, now);
  }
}

void shard_feed::publish(const std::string& feed) {
  message_reader reader(feed);
  auto root = reader.root<schema::Feed>();
  if (root.getTimerUs() != 0 && timers_to_) self_.send(timers_to_, timers_atom::value, root.getTimerUs());
  if (followers_.empty() || root.getFacts().size() == 0) return;
  auto message = caf::make_message(frame::of(frame_kind::feed, feed));
  auto bytes = feed.size() + envelope_bytes;
  for (auto& [address, f] : followers_) {
    if (f.ahead_bytes + bytes > limits::feed_bytes_ahead_max) f.skipping = true;
    if (f.skipping) continue;
    f.ahead_bytes += bytes;
    self_.send(f.who, message);
  }
}

void shard_feed::taken(const caf::actor_addr& who, std::uint64_t bytes, const position& now) {
  auto it = followers_.find(who);
  if (it == followers_.end()) return;
  auto& f = it->second;
  f.ahead_bytes -= std::min(bytes, f.ahead_bytes);
  if (!f.skipping || f.ahead_bytes != 0) return;
  f.skipping = false;
  tell(f, now);
}

void shard_feed::clear() {
  followers_.clear();
  timers_to_ = nullptr;
}

}  // namespace troupe::storage
