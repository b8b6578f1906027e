#include "actors/runtime/identity.hpp"

#include <sys/random.h>

#include <kj/exception.h>

#include "protocol/message.hpp"
#include "protocol/must.hpp"
#include "protocol/request_key.hpp"
#include "protocol/schema/command.capnp.h"

namespace troupe {

std::string draw_text() {
  static constexpr char digits[] = "0123456789abcdef";
  unsigned char bits[16];
  must(::getrandom(bits, sizeof bits, 0) == sizeof bits, "the kernel gives random bits");
  std::string text;
  for (auto b : bits) text.append({digits[b >> 4], digits[b & 15]});
  return text;
}

repeatable repeatable_of(std::string_view command) {
  using b = schema::Command::Body;
  try {
    message_reader reader(command);
    auto c = reader.root<schema::Command>();
    if (c.getIdempotencyKey().size() > 0) return repeatable::as_it_is;
    switch (c.getBody().which()) {
      case b::NOOP:
      case b::APPEND_EVENTS:  // every event has an id
      case b::HEARTBEAT:
      case b::COMPLETE_TASK:  // by its claim's token, and says the same again
      case b::EXPIRE_TASK:
      case b::FIRE_TIMER:
      case b::SEAL: return repeatable::as_it_is;
      default: return repeatable::with_key;
    }
  } catch (const kj::Exception&) {
    return repeatable::never;
  }
}

std::string with_drawn_key(std::string_view command, std::string_view drawn) {
  message_reader reader(command);
  capnp::MallocMessageBuilder message(static_cast<unsigned>(command.size() / sizeof(capnp::word) + 16));
  message.setRoot(reader.root<schema::Command>());
  message.getRoot<schema::Command>().setIdempotencyKey(std::string(1, drawn_key_mark).append(drawn));
  return to_bytes(message);
}

}  // namespace troupe
