// The router within a node: hands commands and queries to the actor that owns their entity. Shards get events and records;
// commands to an agent go to the agent's actor, which is activated on demand and passivated when idle. Which node a request
// goes to is the gateway's matter: see gateway.hpp.
//
//   (command|again|read|peek, shard, frame) -> what the shard or the entity's actor answers
//   (again: the command was sent before, and it is not known with what effect)
//
// Invariants:
// - at most one live actor per entity and node, and only while this node leads the entity's shard: it belongs to one term,
//   and goes with it. What an actor of an earlier term still sends cannot be committed.
// - a passivating actor is forgotten before it is told to quit, and the router is the only one to send to it, so nothing
//   sent to it is lost.
#pragma once

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

#include <vector>

#include "actors/runtime/shard_directory.hpp"
#include "protocol/limits.hpp"
#include "storage/shard_client.hpp"

namespace troupe {

using command_atom = caf::atom_constant<caf::atom("command")>;
using again_atom = caf::atom_constant<caf::atom("again")>;
using idle_atom = caf::atom_constant<caf::atom("idle")>;
using quit_atom = caf::atom_constant<caf::atom("quit")>;
// What is known of a shard's place has changed.
using place_atom = caf::atom_constant<caf::atom("place")>;

// Takes (command_atom | again_atom | read_atom | peek_atom, std::uint16_t shard, frame), (idle_atom, std::string entity)
// from an entity's actor that would like to go, and (place_atom, std::uint16_t shard) when another node or another term
// leads the shard. 'directory': null on a node that is alone, which leads everything.
// With 'entities_max' of these alive, commands to others go straight to their shard, which is what their actor would do
// with them; only a claim that names no task needs the actor, and is refused.
caf::actor spawn_router(caf::actor_system& system, std::vector<caf::actor> shards,
                        std::size_t entities_max = limits::live_entities_max, node_id self = {},
                        const shard_directory* directory = nullptr);

// True for a command that no entity's actor has to see: it may go to its shard without passing the router.
bool is_for_shard(std::string_view command);

}  // namespace troupe
