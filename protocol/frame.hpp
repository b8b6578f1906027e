// The one message type of ours that CAF carries between actors and between nodes: Cap'n Proto bytes with a kind,
// a version and a checksum, so that CAF's serialization never becomes our wire format.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/envelope.hpp"
#include "protocol/result.hpp"

namespace troupe {

enum class frame_kind : std::uint16_t {  // never renumber
  command = 1,                           // schema::Command
  reply = 2,                             // schema::Reply
  query = 3,                             // schema::Query
  query_result = 4,                      // schema::QueryResult
  feed = 5,                              // schema::Feed
  raft = 6,                              // schema::RaftMessage
  admin_request = 7,                     // schema::AdminRequest
  admin_reply = 8,                       // schema::AdminReply
  log_entry = 9,                         // stamp and command, on disk and between replicas
  log_record = 10,                       // schema::LogHeader and a log entry, on disk
  snapshot_chunk = 11,                   // schema::SnapshotChunk
  generation_message = 12,               // schema::GenerationMessage
  peer_hello = 13,                       // schema::PeerHello
  peer_welcome = 14,                     // schema::PeerWelcome
  peer_packet = 15,                      // schema::PeerPacket
  shard_question = 16,                   // schema::ShardQuestion
  shard_answer = 17,                     // schema::ShardAnswer
  feed_message = 18,                     // schema::FeedMessage
  state_question = 19,                   // schema::StateQuestion
  state_answer = 20,                     // schema::StateAnswer
  membership_message = 21,               // schema::MembershipMessage
  presence_news = 22,                    // schema::PresenceNews
  presence_taken = 23,                   // schema::PresenceTaken
};

struct frame {
  static constexpr std::uint16_t version = 1;

  std::string bytes;  // an envelope

  static frame of(frame_kind kind, std::string_view payload) {
    return {seal_envelope(static_cast<std::uint16_t>(kind), version, payload)};
  }
  // The payload if kind, version and checksum are as expected.
  result<std::string_view> open(frame_kind expected) const;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, frame& x) {
  return f(x.bytes);
}

}  // namespace troupe
