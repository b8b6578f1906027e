// How actors speak to a shard's actor. Everything is a frame; what goes wrong on the way is a refusal in a reply, so
// that the same words serve on one node and between nodes.
//
//   frame(command)                 -> frame(reply)
//   local_call_ptr                 the same within a node, without frames: the answer comes by a call
//   (read_atom, frame(query))      -> frame(query_result)   after a majority confirmed the leader's term
//   (peek_atom, frame(query))      -> frame(query_result)   of this replica as it stands
//   (follow_atom, actor)           -> the actor is sent frame(feed) for every entry that has facts from now on,
//                                     first one without facts that tells the position; it answers each with
//   (taken_atom, bytes)               to the sender, so that a slow one is not flooded: it then misses some, gets a
//                                     position again, and reads the gap
//   (timers_atom, actor)           -> the actor is sent (timers_atom, due in microseconds) when an entry set a timer
//   (transfer_atom, node)          -> frame(reply) once that node leads, or with 0 any other voter that can be reached
//   (stop_atom)                    -> (stop_atom) once nothing is in flight any more and another voter leads, or two
//                                     seconds have passed; commands that come meanwhile are refused
//
// And from serve_peers() (shard_network.hpp): (peer_atom, node, frame) with a message of that node's replica,
// (lost_atom, node) when the connection to it is gone.
#pragma once

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/atom.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "protocol/frame.hpp"
#include "protocol/result.hpp"

namespace troupe::storage {

using read_atom = caf::atom_constant<caf::atom("read")>;
using peek_atom = caf::atom_constant<caf::atom("peek")>;
using follow_atom = caf::atom_constant<caf::atom("follow")>;
using taken_atom = caf::atom_constant<caf::atom("taken")>;
using timers_atom = caf::atom_constant<caf::atom("timers")>;
// (node, generation): it is to pull the state of that generation from there, because a seal may make it a voter.
using learn_atom = caf::atom_constant<caf::atom("learn")>;
using transfer_atom = caf::atom_constant<caf::atom("transfer")>;
using peer_atom = caf::atom_constant<caf::atom("peer")>;
using lost_atom = caf::atom_constant<caf::atom("lost")>;
using stop_atom = caf::atom_constant<caf::atom("stop")>;

// A request on its way through this process, and who waits for the answer. Answered once, by whoever comes first; nobody
// is left waiting: dropped unanswered it says that the node is stopping. Any thread.
class local_call {
 public:
  using handler = std::function<void(result<std::string>)>;
  local_call(std::string asked, handler done) : request(std::move(asked)), done_(std::move(done)) {}
  ~local_call();
  local_call(const local_call&) = delete;
  local_call& operator=(const local_call&) = delete;

  void answer(result<std::string> outcome);

  std::string request;  // of a command: an encoded schema::Command

 private:
  std::atomic<bool> answered_{false};
  handler done_;
};
using local_call_ptr = std::shared_ptr<local_call>;

// A failure as an answer of either kind, and back: nothing if the answer is good.
frame reply_of(const failure& f);
frame query_result_of(const failure& f);

// Failures of the way (overloaded, unavailable, timed_out, no_space, in_flight, not_leader, corrupt, internal) become
// a failure again; refusals by a machine stay in the payload.
result<std::string> payload_of_reply(const frame& f);
result<std::string> payload_of_query_result(const frame& f);
// The same for a reply that never was in a frame.
result<std::string> outcome_of_reply(result<std::string> reply);

}  // namespace troupe::storage

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::storage::local_call_ptr)
