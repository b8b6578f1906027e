// The actor of one live agent, on the leader of its shard. Holds no truth: it puts the agent's commands in a row, picks
// the next pending task for a claim that names none, and goes when nobody has asked for it in a while.
#pragma once

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

#include <string>

namespace troupe {

struct agent_identity {
  std::string org;
  std::string agent;
  std::string entity;  // the router's name for it
};

// Takes frame(command) or (again_atom, frame(command)) for this agent and answers frame(reply). Says (idle_atom, entity) to
// the router when idle. Quits when the router says (quit_atom); what it was looking for is looked for elsewhere then.
//
// A claim that names no task and has a key tries its tasks under keys of their own, in a fixed order: sent again, it comes
// to the same answer, whichever node it is sent to.
caf::actor spawn_agent(caf::actor_system& system, agent_identity identity, caf::actor shard,
                       caf::actor router);

}  // namespace troupe
