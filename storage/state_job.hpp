// What the shard's actor hands to a query worker: reading a snapshot takes too long for itself. Within one process.
#pragma once

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/atom.hpp>

#include "protocol/network.hpp"
#include "storage/state_transfer.hpp"

namespace troupe::storage {

using give_atom = caf::atom_constant<caf::atom("give")>;

// A question for state, on its way to the shard.
struct state_asked {
  node_id from;
  frame question;
  network::reply_to reply;
};

// One chunk to read and send off.
struct state_job {
  state_question question;
  std::uint64_t number = 0;
  state_giver::snapshot from;
  network::reply_to reply;
};

}  // namespace troupe::storage

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::storage::state_asked)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::storage::state_job)
