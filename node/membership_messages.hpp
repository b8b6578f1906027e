// What the membership actor is told.
#pragma once

#include <caf/atom.hpp>

namespace troupe::node {

using look_atom = caf::atom_constant<caf::atom("look")>;    // (number): the time has come
using kick_atom = caf::atom_constant<caf::atom("kick")>;    // (): look soon
using fresh_atom = caf::atom_constant<caf::atom("fresh")>;  // (): somebody asks: look at the own shards
using heard_atom =
    caf::atom_constant<caf::atom("heard")>;  // (peer, sent_us, received_us, frame): it answered
using learn_atom = caf::atom_constant<caf::atom("learn")>;  // (an encoded ClusterMap)
using done_atom = caf::atom_constant<caf::atom("done")>;    // (number, code, detail, reply): of a command
using hand_atom =
    caf::atom_constant<caf::atom("hand")>;  // (question, shard, node): hand it over, if it is led here
using pass_atom = caf::atom_constant<caf::atom("pass")>;  // the same, wherever it is led
using teach_atom =
    caf::atom_constant<caf::atom("teach")>;  // (shard, generation, node): it is to learn it from there
// To a shard of this node: (node or 0) -> frame(reply), once that one leads.
using transfer_atom = caf::atom_constant<caf::atom("transfer")>;

}  // namespace troupe::node
