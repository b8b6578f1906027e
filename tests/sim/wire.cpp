// See wire.hpp.
#include "tests/sim/wire.hpp"

#include "tests/sim/channel_wire.hpp"
#include "tests/sim/loose_wire.hpp"

namespace troupe::sim {

std::unique_ptr<wire> make_wire(world& w, node& home) {
  if (w.has_channels()) return std::make_unique<channel_wire>(w, home);
  return std::make_unique<loose_wire>(w, home);
}

}  // namespace troupe::sim
