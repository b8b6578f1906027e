// Builds small messages one after another in one piece of memory, for paths where an allocation each would tell.
//
// The bytes equal those of to_bytes() for a message of one segment. Owned by one call; nothing is shared.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/message.hpp"

namespace troupe {

class flat_builder {
 public:
  // A new message. It needs at most 'words' words; should that be wrong, the bytes are right but slower to make.
  capnp::MessageBuilder& start(std::size_t words);
  // The finished message, until the next start(); nothing before the first.
  std::string_view bytes();

 private:
  std::vector<std::uint64_t> memory_;  // a word for the framing, then the segment; zero between messages
  std::optional<capnp::MallocMessageBuilder> message_;
  std::string overflow_;
};

// Words that a text takes in a message.
inline std::size_t text_words(std::size_t bytes) { return bytes / sizeof(capnp::word) + 1; }

}  // namespace troupe
