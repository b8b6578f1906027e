// Bytes as another node or a damaged disk may give them: opening an envelope or a frame, and reading the command
// inside, must end in a value, a failure or a kj::Exception, and touch no byte outside the input.
#include <kj/exception.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/envelope.hpp"
#include "protocol/frame.hpp"
#include "protocol/message.hpp"
#include "protocol/schema/command.capnp.h"

namespace {

void read_command(std::string_view payload) {
  try {
    troupe::message_reader message(payload);
    auto command = message.root<troupe::schema::Command>();
    [[maybe_unused]] const auto size = command.totalSize();
  } catch (const kj::Exception&) {
    // Said no: that is what it should do.
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {  // NOLINT
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  [[maybe_unused]] const auto damaged = troupe::open_envelope(bytes);
  read_command(bytes);

  // With a checksum that holds, so that the fuzzer gets past it.
  const auto sealed = troupe::frame::of(troupe::frame_kind::command, bytes);
  const auto payload = sealed.open(troupe::frame_kind::command);
  if (!payload || *payload != bytes) __builtin_trap();
  return 0;
}
