#include "protocol/message.hpp"

namespace troupe {

kj::ArrayPtr<const capnp::word> message_reader::words(std::string_view bytes) {
  auto count = bytes.size() / sizeof(capnp::word);
  if (reinterpret_cast<std::uintptr_t>(bytes.data()) % alignof(capnp::word) == 0)
    return {reinterpret_cast<const capnp::word*>(bytes.data()), count};
  copy_ = kj::heapArray<capnp::word>(count);
  std::memcpy(copy_.begin(), bytes.data(), count * sizeof(capnp::word));
  return copy_;
}

std::string to_bytes(capnp::MessageBuilder& message) {
  auto segments = message.getSegmentsForOutput();
  auto words = capnp::computeSerializedSizeInWords(segments);
  std::string out(words * sizeof(capnp::word), '\0');
  kj::ArrayOutputStream stream(kj::arrayPtr(reinterpret_cast<kj::byte*>(out.data()), out.size()));
  capnp::writeMessage(stream, segments);
  return out;
}

}  // namespace troupe
