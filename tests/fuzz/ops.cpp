// Bytes on the ops listener, in pieces: answered or refused, the same however they are cut, and held within bounds.
#include <algorithm>

#include "node/ops_conversation.hpp"
#include "protocol/must.hpp"

using namespace troupe;
using namespace troupe::node;

namespace {

std::string said_to(std::string_view bytes, std::size_t piece) {
  ops_conversation conversation;
  std::string all;
  while (!bytes.empty() && !conversation.is_over()) {
    auto size = std::min(piece, bytes.size());
    conversation.receive(bytes.substr(0, size));
    bytes.remove_prefix(size);
    while (auto reply = conversation.next([](const ops_request& asked) {
      return ops_answer{asked.reads ? 200U : 405U, "text/plain", std::string(asked.target)};
    }))
      all += *reply;
  }
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {  // NOLINT
  if (size == 0) return 0;
  std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (bytes.size() > ops_conversation::head_bytes_max) return 0;
  auto whole = said_to(bytes, ops_conversation::head_bytes_max);
  must(said_to(bytes, 1 + data[0]) == whole, "pieces are told like the whole");
  return 0;
}
