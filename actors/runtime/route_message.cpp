#include "actors/runtime/route_message.hpp"

#include <kj/exception.h>

#include "protocol/limits.hpp"
#include "protocol/message.hpp"
#include "protocol/schema/route.capnp.h"

namespace troupe {

namespace {

void write(const shard_place& from, schema::KnownPlace::Builder to) {
  to.setGeneration(from.generation.value);
  auto voters = to.initVoters(static_cast<unsigned>(from.voters.size()));
  for (unsigned i = 0; i < voters.size(); ++i) voters.set(i, from.voters[i].value);
  to.setTerm(from.term.value);
  to.setLeader(from.leader.value);
}

shard_place read(schema::KnownPlace::Reader from) {
  shard_place place{generation(from.getGeneration()), {}, term(from.getTerm()), node_id(from.getLeader())};
  if (from.getVoters().size() > limits::voters_max) return place;
  for (auto v : from.getVoters()) place.voters.emplace_back(v);
  return place;
}

// 'T' is read from a frame of its kind; what is malformed is a failure.
template <class T, class Read>
auto decode(const frame& f, frame_kind kind, Read&& take)
    -> result<decltype(take(std::declval<typename T::Reader>()))> {
  auto payload = f.open(kind);
  if (!payload) return payload.error();
  try {
    message_reader reader(*payload);
    return take(reader.root<T>());
  } catch (const kj::Exception& e) {
    return failure{errc::corrupt,
                   std::string("a node's message cannot be decoded: ") + e.getDescription().cStr()};
  }
}

constexpr schema::RequestKind wire_kinds[] = {schema::RequestKind::COMMAND, schema::RequestKind::READ,
                                              schema::RequestKind::PEEK};

}  // namespace

frame encode(const shard_question& q) {
  capnp::MallocMessageBuilder message(
      static_cast<unsigned>(q.request.bytes.size() / sizeof(capnp::word) + 64));
  auto out = message.initRoot<schema::ShardQuestion>();
  out.setShard(q.shard.value);
  out.setKind(wire_kinds[static_cast<std::size_t>(q.kind)]);
  out.setWaitMs(static_cast<std::uint32_t>(std::max<std::int64_t>(q.wait.count(), 0)));
  out.setAgain(q.again);
  out.setRelays(q.relays);
  out.setRequest(data_of(q.request.bytes));
  return frame::of(frame_kind::shard_question, to_bytes(message));
}

frame encode(const shard_answer& a) {
  capnp::MallocMessageBuilder message(
      static_cast<unsigned>(a.answer.bytes.size() / sizeof(capnp::word) + 64));
  auto out = message.initRoot<schema::ShardAnswer>();
  out.setShard(a.shard.value);
  write(a.place, out.initPlace());
  out.setAnswer(data_of(a.answer.bytes));
  return frame::of(frame_kind::shard_answer, to_bytes(message));
}

frame encode(const feed_question& q) {
  capnp::MallocMessageBuilder message;
  auto out = message.initRoot<schema::FeedMessage>().initQuestion();
  out.setShard(q.shard.value);
  out.setSession(q.session);
  return frame::of(frame_kind::feed_message, to_bytes(message));
}

frame encode(const feed_answer& a) {
  std::size_t bytes = 0;
  for (auto& feed : a.feeds) bytes += feed.size() + 2 * sizeof(capnp::word);
  capnp::MallocMessageBuilder message(static_cast<unsigned>(bytes / sizeof(capnp::word) + 64));
  auto out = message.initRoot<schema::FeedMessage>().initAnswer();
  out.setShard(a.shard.value);
  out.setSession(a.session);
  write(a.place, out.initPlace());
  out.setIsLeading(a.is_leading);
  auto feeds = out.initFeeds(static_cast<unsigned>(a.feeds.size()));
  for (unsigned i = 0; i < feeds.size(); ++i) feeds.set(i, data_of(a.feeds[i]));
  return frame::of(frame_kind::feed_message, to_bytes(message));
}

result<shard_question> decode_shard_question(const frame& f) {
  return decode<schema::ShardQuestion>(f, frame_kind::shard_question, [](schema::ShardQuestion::Reader in) {
    shard_question q;
    q.shard = shard_id(in.getShard());
    q.wait = std::chrono::milliseconds(in.getWaitMs());
    if (in.getKind() == schema::RequestKind::READ) q.kind = request_kind::read;
    if (in.getKind() == schema::RequestKind::PEEK) q.kind = request_kind::peek;
    q.again = in.getAgain();
    q.relays = in.getRelays();
    q.request.bytes = std::string(view_of(in.getRequest()));
    return q;
  });
}

result<shard_answer> decode_shard_answer(const frame& f) {
  return decode<schema::ShardAnswer>(f, frame_kind::shard_answer, [](schema::ShardAnswer::Reader in) {
    return shard_answer{shard_id(in.getShard()), read(in.getPlace()), {std::string(view_of(in.getAnswer()))}};
  });
}

result<feed_question> decode_feed_question(const frame& f) {
  return decode<schema::FeedMessage>(f, frame_kind::feed_message, [](schema::FeedMessage::Reader in) {
    if (!in.isQuestion()) return feed_question{shard_id(0), 0};
    return feed_question{shard_id(in.getQuestion().getShard()), in.getQuestion().getSession()};
  });
}

result<feed_answer> decode_feed_answer(const frame& f) {
  return decode<schema::FeedMessage>(f, frame_kind::feed_message, [](schema::FeedMessage::Reader in) {
    feed_answer a;
    if (!in.isAnswer()) return a;
    auto said = in.getAnswer();
    a = {shard_id(said.getShard()), said.getSession(), read(said.getPlace()), said.getIsLeading(), {}};
    for (auto feed : said.getFeeds()) a.feeds.emplace_back(view_of(feed));
    return a;
  });
}

}  // namespace troupe
