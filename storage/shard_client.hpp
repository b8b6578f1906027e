// How actors speak to a shard's actor. Everything is a frame; what goes wrong on the way is a refusal in a reply, so
// that the same words serve on one node and between nodes.
//
//   frame(command)                 -> frame(reply)
//   (read_atom, frame(query))      -> frame(query_result)   after a majority confirmed the leader's term
//   (peek_atom, frame(query))      -> frame(query_result)   of this replica as it stands
//   (follow_atom, actor)           -> the actor is sent frame(feed) for every entry that has facts from now on,
//                                     first one without facts that tells the position; it answers each with
//   (taken_atom, bytes)               to the sender, so that a slow one is not flooded: it then misses some, gets a
//                                     position again, and reads the gap
//   (timers_atom, actor)           -> the actor is sent (timers_atom, due in microseconds) when an entry set a timer
//   frame(raft)                       from another replica
//   (stop_atom)                    -> (stop_atom) once nothing is in flight any more
#pragma once

#include <caf/atom.hpp>

#include "protocol/frame.hpp"
#include "protocol/result.hpp"

namespace troupe::storage {

using read_atom = caf::atom_constant<caf::atom("read")>;
using peek_atom = caf::atom_constant<caf::atom("peek")>;
using follow_atom = caf::atom_constant<caf::atom("follow")>;
using taken_atom = caf::atom_constant<caf::atom("taken")>;
using timers_atom = caf::atom_constant<caf::atom("timers")>;
using stop_atom = caf::atom_constant<caf::atom("stop")>;

// A failure as an answer of either kind, and back: nothing if the answer is good.
frame reply_of(const failure& f);
frame query_result_of(const failure& f);

// Failures of the way (overloaded, unavailable, timed_out, no_space, in_flight, not_leader, corrupt, internal) become
// a failure again; refusals by a machine stay in the payload.
result<std::string> payload_of_reply(const frame& f);
result<std::string> payload_of_query_result(const frame& f);

}  // namespace troupe::storage
