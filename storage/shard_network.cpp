#include "storage/shard_network.hpp"

#include <caf/send.hpp>

#include <kj/exception.h>

#include <memory>

#include "protocol/message.hpp"
#include "protocol/schema/generation.capnp.h"
#include "protocol/schema/raft_message.capnp.h"
#include "protocol/schema/transfer.capnp.h"
#include "storage/shard_client.hpp"
#include "storage/state_job.hpp"

namespace troupe::storage {

namespace {

using shard_list = std::shared_ptr<const std::vector<caf::actor>>;

// The shard looks at the checksum: here the bytes may say anything, and at worst reach the wrong shard.
template <class Message>
caf::actor shard_of(const std::vector<caf::actor>& shards, const frame& f) {
  try {
    if (f.bytes.size() <= envelope_bytes) return nullptr;
    message_reader reader(std::string_view(f.bytes).substr(envelope_bytes));
    auto number = reader.root<Message>().getShard();
    return number < shards.size() ? shards[number] : nullptr;
  } catch (const kj::Exception&) {
    return nullptr;
  }
}

template <class Message>
void hand_on(network& peers, frame_kind kind, const shard_list& shards) {
  peers.on_post(kind, [shards](node_id from, frame message) {
    auto shard = shard_of<Message>(*shards, message);
    if (shard) caf::anon_send(shard, peer_atom::value, from.value, std::move(message));
  });
}

}  // namespace

void serve_peers(network& peers, std::vector<caf::actor> all) {
  auto shards = std::make_shared<const std::vector<caf::actor>>(std::move(all));
  hand_on<schema::RaftMessage>(peers, frame_kind::raft, shards);
  hand_on<schema::GenerationMessage>(peers, frame_kind::generation_message, shards);
  peers.on_ask(frame_kind::state_question, [shards](node_id from, frame question, network::reply_to reply) {
    auto shard = shard_of<schema::StateQuestion>(*shards, question);
    if (shard)
      return caf::anon_send(shard, give_atom::value,
                            state_asked{from, std::move(question), std::move(reply)});
    reply(frame::of(frame_kind::state_answer, refuse_state("there is no such shard")));
  });
  peers.on_peer([shards](node_id peer, peer_event what) {
    if (what != peer_event::disconnected) return;
    for (const auto& shard : *shards) caf::anon_send(shard, lost_atom::value, peer.value);
  });
}

}  // namespace troupe::storage
