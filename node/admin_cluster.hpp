// What troupectl asks about the cluster and has done to it: see admin.hpp. Every node can be asked: the map is changed through
// the system shard, wherever it is led, and what the other nodes said is known here.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "node/backup.hpp"
#include "node/membership.hpp"
#include "protocol/frame.hpp"
#include "protocol/schema/admin.capnp.h"

namespace troupe::node {

// The node that is to be invited.
struct invitation_wish {
  node_id node;
  std::string name, address;
  std::string id, secret;  // of the invitation; the secret is 32 random bytes
  std::int64_t expires_us = 0;
  enum class issued : std::uint8_t { here, by_asker } certificates = issued::here;
};

struct cluster_sources {
  membership* member = nullptr;  // outlives the actor
  // The text of an invitation's file: certificate of the new node, its key, addresses. Fails where the CA's key is not.
  std::function<result<std::string>(const invitation_wish&)> make_invitation;
  // BLAKE2b-256 of an invitation's secret.
  std::function<std::string(std::string_view)> hash_of_secret;
  backups* saves = nullptr;  // outlives the actor
};

// 'reply' is called once, from any thread, with an admin_reply. False: the request is about something else.
bool answer_about_cluster(const cluster_sources& sources, schema::AdminRequest::Reader request,
                          const std::function<void(frame)>& reply);

}  // namespace troupe::node
