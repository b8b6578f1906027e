// The machines and query handlers of every entity: what a shard is made of.
#pragma once

#include "protocol/machine.hpp"

namespace troupe {

machine_set make_machines();

}  // namespace troupe
