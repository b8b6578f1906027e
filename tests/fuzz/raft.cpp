// Messages between replicas: decoded, or refused with nothing else done; what is decoded is encoded to the same message.
#include <kj/exception.h>

#include "protocol/must.hpp"
#include "storage/raft/message.hpp"
#include "tests/fuzz/support/memory_peak.hpp"

using namespace troupe;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {  // NOLINT
  std::string bytes(reinterpret_cast<const char*>(data), size);
  fuzz::memory_peak peak;
  auto message = decode_raft_message(bytes);
  must(peak.bytes() <= 64 * 1024 + 64 * size, "memory is in proportion to the message");
  if (!message) return 0;
  auto once = encode_raft_message(*message);
  auto again = decode_raft_message(once);
  must(again && again->address == message->address, "what is encoded is decoded");
  must(encode_raft_message(*again) == once, "and it is the same");
  if (message->confirm) return 0;
  auto& core = message->core;
  must(core.term > 0, "a message has a term");
  if (core.kind == RAFT_CORE_APPEND_ENTRIES) {
    must(core.append_entries.entry_count == message->records.size(), "entries are counted");
    auto at_least = core.append_entries.prev_log_term;
    for (auto& record : message->records) {
      must(record.term.value >= at_least && record.term.value <= core.term, "terms never go back");
      at_least = record.term.value;
    }
  }
  return 0;
}
