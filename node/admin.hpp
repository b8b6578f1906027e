// The admin actor: what troupectl asks of a node. Takes frame(admin_request), answers frame(admin_reply); see
// protocol/schema/admin.capnp. Published over mutual TLS; who has a certificate of the cluster is an administrator.
//
// - Nothing blocks: what shards have to answer is delivered when it comes.
// - "tail" makes a feed follower of its own, which ends with the peer. The peer answers each frame; one that falls
//   behind by more than the bound gets a refusal and is dropped, so that nothing grows.
#pragma once

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

#include <filesystem>
#include <functional>
#include <vector>

#include "actors/runtime/client.hpp"
#include "node/admin_cluster.hpp"
#include "node/config.hpp"
#include "protocol/schema/admin.capnp.h"

namespace troupe::node {

struct admin_sources {
  client* actors = nullptr;                                 // outlives the actor
  std::function<void(schema::NodeStatus::Builder)> status;  // quick: called on an actor's thread
  std::vector<resolved_setting> settings;
  cluster_sources cluster = {};  // without a membership, requests about the cluster are refused
};

inline constexpr std::size_t tail_frames_ahead_max = 256;
inline constexpr std::size_t tail_bytes_ahead_max = 8 * 1024 * 1024;

caf::actor spawn_admin(caf::actor_system& system, admin_sources sources);

// Listens for troupectl; the answer has the port that was picked. Failures name the setting.
result<listen_address> publish_admin(const caf::actor& admin, const listen_address& where);
// run/admin.json: where a troupectl on this machine finds the node.
result<bool> write_admin_file(const std::filesystem::path& data_dir, const listen_address& where,
                              std::string_view node);

}  // namespace troupe::node
