// The router of a node: hands commands and queries to the actor that owns their entity. Shards get events and records;
// commands to an agent go to the agent's actor, which is activated on demand and passivated when idle.
//
//   (command|read|peek, shard, frame) -> what the shard or the entity's actor answers
//
// Invariant: at most one live actor per entity. A passivating actor is forgotten before it is told to quit, and the
// router is the only one to send to it, so nothing sent to it is lost.
#pragma once

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

#include <vector>

#include "storage/shard_client.hpp"

namespace troupe {

using command_atom = caf::atom_constant<caf::atom("command")>;
using idle_atom = caf::atom_constant<caf::atom("idle")>;
using quit_atom = caf::atom_constant<caf::atom("quit")>;

// Takes (command_atom | read_atom | peek_atom, std::uint16_t shard, frame), (follow_atom, actor) for all shards,
// and (idle_atom, std::string entity) from an entity's actor that would like to go.
caf::actor spawn_router(caf::actor_system& system, std::vector<caf::actor> shards);

}  // namespace troupe
