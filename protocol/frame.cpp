#include "protocol/frame.hpp"

namespace troupe {

result<std::string_view> frame::open(frame_kind expected) const {
  auto opened = open_envelope(bytes);
  if (!opened) return opened.error();
  if (opened->version != version)
    return failure{errc::unsupported, "frame of version " + std::to_string(opened->version) +
                                          ": this node speaks version " + std::to_string(version)};
  if (opened->kind != static_cast<std::uint16_t>(expected))
    return failure{errc::corrupt, "frame of kind " + std::to_string(opened->kind) + " where kind " +
                                      std::to_string(static_cast<int>(expected)) + " was expected"};
  return opened->payload;
}

}  // namespace troupe
