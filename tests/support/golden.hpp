// Golden bytes: one file in tests/golden per wire and disk type. A changed file is a format change: say so in the commit.
// TROUPE_GOLDEN_WRITE=1 writes the files instead of comparing.
#pragma once

#include <capnp/message.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "protocol/message.hpp"

namespace troupe::testing {

// The bytes of a message of that type, filled in.
template <class T, class Fill>
std::string encoded(Fill fill) {
  capnp::MallocMessageBuilder message;
  fill(message.initRoot<T>());
  return to_bytes(message);
}

// True if tests/golden/<name>.bin holds exactly these bytes.
inline bool golden(std::string_view name, std::string_view bytes) {
  auto path = std::string(TROUPE_SOURCE_DIR "/tests/golden/") + std::string(name) + ".bin";
  if (std::getenv("TROUPE_GOLDEN_WRITE") != nullptr) {
    std::ofstream(path, std::ios::binary) << bytes;
    return true;
  }
  std::ifstream file(path, std::ios::binary);
  std::string expected{std::istreambuf_iterator<char>(file), {}};
  return file.good() && expected == bytes;
}

}  // namespace troupe::testing
