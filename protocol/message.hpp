// Cap'n Proto to and from bytes. Decoding throws kj::Exception on malformed input: catch it at the border.
#pragma once

#include <capnp/message.h>
#include <capnp/serialize.h>

#include <cstring>
#include <string>
#include <string_view>

namespace troupe {

// A decoded message. Reads in place when the bytes are aligned to 8, from its own copy when not;
// in place, the bytes must outlive it.
class message_reader {
 public:
  explicit message_reader(std::string_view bytes) : reader_(words(bytes), options()) {}

  template <class T>
  typename T::Reader root() {
    return reader_.getRoot<T>();
  }

 private:
  static capnp::ReaderOptions options() {
    capnp::ReaderOptions o;
    o.traversalLimitInWords = 64ULL * 1024 * 1024 / sizeof(capnp::word) * 8;
    o.nestingLimit = 64;
    return o;
  }
  kj::ArrayPtr<const capnp::word> words(std::string_view bytes);

  kj::Array<capnp::word> copy_;
  capnp::FlatArrayMessageReader reader_;
};

// The message as bytes, in Cap'n Proto's standard framing.
std::string to_bytes(capnp::MessageBuilder& message);

inline std::string_view view_of(capnp::Text::Reader t) { return {t.begin(), t.size()}; }
inline std::string_view view_of(capnp::Data::Reader d) {
  return {reinterpret_cast<const char*>(d.begin()), d.size()};
}
inline capnp::Data::Reader data_of(std::string_view s) {
  return {reinterpret_cast<const kj::byte*>(s.data()), s.size()};
}
// For setters: copies 's' into the message. Text must not contain NUL; callers have checked.
template <class Setter>
void set_text(Setter init, std::string_view s) {
  if (s.empty()) return;
  auto t = init(static_cast<unsigned>(s.size()));
  std::memcpy(t.begin(), s.data(), s.size());
}

}  // namespace troupe
