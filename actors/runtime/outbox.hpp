// Fires the durable timers of one shard: what machines left in the outbox is proposed again as a command when it is
// due, and validated again when it is applied. Fires at least once; takes effect once, since the record goes in the
// same entry. Owner of the timing only: after a crash the records tell what is due.
//
// On the node that leads the shard: it begins to look when leadership begins, and rests when that ends. What an earlier
// leader fired and could not commit is fired again.
#pragma once

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

#include "actors/runtime/shard_directory.hpp"

namespace troupe {

// Takes (place_atom, std::uint16_t shard). 'directory': null on a node that is alone, which leads everything.
caf::actor spawn_outbox(caf::actor_system& system, shard_id shard, caf::actor of, node_id self = {},
                        const shard_directory* directory = nullptr);

}  // namespace troupe
