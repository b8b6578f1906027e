// Bytes as another node or a damaged disk may give them: opening an envelope or a frame, and reading the message
// inside to its last field, ends in a value, a failure or a kj::Exception. What opens is sealed to the same bytes again.
#include <kj/exception.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/envelope.hpp"
#include "protocol/frame.hpp"
#include "protocol/message.hpp"
#include "protocol/must.hpp"
#include "protocol/schema/admin.capnp.h"
#include "protocol/schema/command.capnp.h"
#include "protocol/schema/generation.capnp.h"
#include "protocol/schema/membership.capnp.h"
#include "protocol/schema/peer.capnp.h"
#include "protocol/schema/presence.capnp.h"
#include "protocol/schema/query.capnp.h"
#include "protocol/schema/reply.capnp.h"
#include "protocol/schema/route.capnp.h"
#include "protocol/schema/storage.capnp.h"
#include "protocol/schema/transfer.capnp.h"

using namespace troupe;

namespace {

// Copying visits every field, and what it makes must be readable as well.
template <class T>
void copy(std::string_view payload) {
  message_reader message(payload);
  auto given = message.root<T>();
  capnp::MallocMessageBuilder copied;
  copied.setRoot(given);
  auto bytes = to_bytes(copied);
  message_reader again(bytes);
  must(again.root<T>().totalSize().wordCount <= bytes.size() / sizeof(capnp::word), "a copy has its size");
}

void read(frame_kind kind, std::string_view payload) {
  try {
    switch (kind) {
      case frame_kind::command: copy<schema::Command>(payload); break;
      case frame_kind::reply: copy<schema::Reply>(payload); break;
      case frame_kind::query: copy<schema::Query>(payload); break;
      case frame_kind::query_result: copy<schema::QueryResult>(payload); break;
      case frame_kind::feed: copy<schema::Feed>(payload); break;
      case frame_kind::admin_request: copy<schema::AdminRequest>(payload); break;
      case frame_kind::admin_reply: copy<schema::AdminReply>(payload); break;
      case frame_kind::snapshot_chunk: copy<schema::SnapshotChunk>(payload); break;
      case frame_kind::generation_message: copy<schema::GenerationMessage>(payload); break;
      case frame_kind::peer_hello: copy<schema::PeerHello>(payload); break;
      case frame_kind::peer_welcome: copy<schema::PeerWelcome>(payload); break;
      case frame_kind::peer_packet: copy<schema::PeerPacket>(payload); break;
      case frame_kind::shard_question: copy<schema::ShardQuestion>(payload); break;
      case frame_kind::shard_answer: copy<schema::ShardAnswer>(payload); break;
      case frame_kind::feed_message: copy<schema::FeedMessage>(payload); break;
      case frame_kind::state_question: copy<schema::StateQuestion>(payload); break;
      case frame_kind::state_answer: copy<schema::StateAnswer>(payload); break;
      case frame_kind::membership_message: copy<schema::MembershipMessage>(payload); break;
      case frame_kind::presence_news: copy<schema::PresenceNews>(payload); break;
      case frame_kind::presence_taken: copy<schema::PresenceTaken>(payload); break;
      default: break;
    }
  } catch (const kj::Exception&) {
    // Said no: that is what it should do.
  }
}

}  // namespace

// The first byte says what kind the rest is taken for.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {  // NOLINT
  if (size == 0) return 0;
  auto kind = static_cast<frame_kind>(data[0] % 24);
  std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (auto opened = open_envelope(bytes)) {
    must(seal_envelope(opened->kind, opened->version, opened->payload) == bytes,
         "an envelope is sealed as it was");
    read(static_cast<frame_kind>(opened->kind), opened->payload);
  }

  // With a checksum that holds, so that the fuzzer gets past it.
  auto sealed = frame::of(kind, bytes);
  auto payload = sealed.open(kind);
  must(payload && *payload == bytes, "what was sealed is opened");
  auto half = bytes.size() / 2;
  must(seal_envelope(static_cast<std::uint16_t>(kind), frame::version, bytes.substr(0, half),
                     bytes.substr(half)) == sealed.bytes,
       "two parts are sealed as one");
  auto damaged = sealed.bytes;
  damaged[data[0] % damaged.size()] ^= 0x10;
  must(!open_envelope(damaged), "a flipped bit is seen");
  read(kind, *payload);
  return 0;
}
