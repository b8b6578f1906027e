#include "storage/entry.hpp"

#include <cstring>

#include "protocol/frame.hpp"
#include "protocol/message.hpp"

namespace troupe::storage {

std::string encode_entry(const stamp& at, std::string_view command) {
  capnp::MallocMessageBuilder message(16);
  auto s = message.initRoot<schema::Stamp>();
  s.setTimeUs(at.time_us);
  s.setEntropyHigh(at.entropy_high);
  s.setEntropyLow(at.entropy_low);
  s.setLevel(at.level);
  return seal_envelope(static_cast<std::uint16_t>(frame_kind::log_entry), frame::version, to_bytes(message),
                       command);
}

result<entry_view> decode_entry(std::string_view bytes) {
  auto opened = open_envelope(bytes);
  if (!opened) return opened.error();
  if (opened->kind != static_cast<std::uint16_t>(frame_kind::log_entry) || opened->version != frame::version)
    return failure{errc::corrupt, "is not a log entry of a known version"};
  // The stamp is one segment: its size stands in the framing's second word half.
  std::uint32_t words = 0;
  if (opened->payload.size() < 8) return failure{errc::corrupt, "has no stamp"};
  std::memcpy(&words, opened->payload.data() + 4, 4);
  std::size_t stamp_bytes = 8 + std::size_t{words} * 8;
  if (stamp_bytes > opened->payload.size()) return failure{errc::corrupt, "its stamp is cut"};
  message_reader reader(opened->payload.substr(0, stamp_bytes));
  auto s = reader.root<schema::Stamp>();
  entry_view entry;
  entry.at.time_us = s.getTimeUs();
  entry.at.entropy_high = s.getEntropyHigh();
  entry.at.entropy_low = s.getEntropyLow();
  entry.at.level = s.getLevel();
  entry.command = opened->payload.substr(stamp_bytes);
  return entry;
}

}  // namespace troupe::storage
