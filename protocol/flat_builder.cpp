#include "protocol/flat_builder.hpp"

#include <algorithm>

namespace troupe {

capnp::MessageBuilder& flat_builder::start(std::size_t words) {
  message_.reset();  // leaves the memory zero, as the next one wants it
  if (memory_.empty()) memory_.resize(std::max<std::size_t>(words, 256) + 1);
  if (memory_.size() < words + 1) memory_.assign(words * 2 + 1, 0);
  memory_[0] = 0;
  return message_.emplace(
      kj::arrayPtr(reinterpret_cast<capnp::word*>(memory_.data()) + 1, memory_.size() - 1));
}

std::string_view flat_builder::bytes() {
  if (!message_) return {};
  auto segments = message_->getSegmentsForOutput();
  if (segments.size() != 1) {
    overflow_ = to_bytes(*message_);
    return overflow_;
  }
  auto words = static_cast<std::uint32_t>(segments[0].size());
  auto* at = reinterpret_cast<char*>(memory_.data());
  std::memcpy(at + sizeof words, &words, sizeof words);  // after "segments minus one", which is zero
  return {at, (words + std::size_t{1}) * sizeof(capnp::word)};
}

}  // namespace troupe
