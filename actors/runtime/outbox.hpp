// Fires the durable timers of one shard: what machines left in the outbox is proposed again as a command when it is
// due, and validated again when it is applied. Fires at least once; takes effect once, since the record goes in the
// same entry. Owner of the timing only: after a crash the records tell what is due.
#pragma once

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

namespace troupe {

caf::actor spawn_outbox(caf::actor_system& system, caf::actor shard);

}  // namespace troupe
