// Presence messages to and from frames. See protocol/schema/presence.capnp.
#pragma once

#include "actors/presence/stream.hpp"
#include "protocol/frame.hpp"

namespace troupe {

frame encode(const presence_message& m);
result<presence_message> decode_presence_message(const frame& f);

enum class presence_step : std::uint8_t { in_step, out_of_step };
frame encode(presence_step taken);
result<presence_step> decode_presence_step(const frame& f);

}  // namespace troupe
