// What is read back from disk: entries and records of the log, hard state, snapshots. Damage is named, never followed.
//
// The first byte of the input says which of them the rest is, and whether a checksum that holds is put around it.
#include <kj/exception.h>

#include "protocol/envelope.hpp"
#include "protocol/frame.hpp"
#include "protocol/must.hpp"
#include "storage/entry.hpp"
#include "storage/log.hpp"
#include "storage/snapshot.hpp"
#include "tests/support/memory_kv.hpp"

using namespace troupe;
using namespace troupe::storage;

namespace {

constexpr shard_id shard{3};

std::string sealed(frame_kind kind, const std::string& payload) { return frame::of(kind, payload).bytes; }

void read_entry(const std::string& bytes) {
  auto entry = decode_entry(bytes);
  if (!entry) return;
  auto again = encode_entry(entry->at, entry->command);
  auto read = decode_entry(again);
  must(read && read->command == entry->command && read->at.time_us == entry->at.time_us &&
           read->at.entropy_low == entry->at.entropy_low && read->at.level == entry->at.level,
       "an entry is read as it was written");
}

// The bytes where the store keeps them.
void read_store(column where, const std::string& key, const std::string& bytes) {
  testing::memory_kv store;
  auto batch = store.make_batch();
  batch->put(where, key, bytes);
  must(static_cast<bool>(store.write(*batch, durability::synced)), "memory takes it");
  auto& reader = store.latest();
  if (auto records = load_records(reader, shard, log_index(1), 10))
    must(records->size() == 1, "one record is one");
  if (auto list = load_entry_list(reader, shard, log_index(1)))
    must(list->size() <= 1, "one entry is at most one");
  load_hard_state(reader, shard);
  load_snapshot(reader, shard);
}

void import(const std::string& chunk) {
  testing::memory_kv store;
  auto batch = store.make_batch();
  if (!stage_chunk(*batch, shard, chunk)) return;
  must(static_cast<bool>(store.write(*batch, durability::synced)), "memory takes it");
  // What was imported is exported to the same state.
  testing::memory_kv other;
  export_records(store.latest(), shard, 512, [&](const std::string& c) {
    auto more = other.make_batch();
    must(static_cast<bool>(stage_chunk(*more, shard, c)), "what is exported can be imported");
    must(static_cast<bool>(other.write(*more, durability::synced)), "memory takes it");
    return true;
  });
  must(digest(other.latest(), shard) == digest(store.latest(), shard), "and is the same state");
}

void read(int what, const std::string& payload, const bool bare) {
  auto wrapped = [&](frame_kind kind) { return bare ? payload : sealed(kind, payload); };
  std::string index(8, '\0');
  index.back() = 1;
  switch (what) {
    case 0: read_entry(wrapped(frame_kind::log_entry)); break;
    case 1: read_store(column::log, shard_key(shard, index), wrapped(frame_kind::log_record)); break;
    case 2: read_store(column::meta, shard_key(shard, "hard"), payload); break;
    case 3: read_store(column::meta, shard_key(shard, "snapshot"), payload); break;
    default: import(wrapped(frame_kind::snapshot_chunk));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {  // NOLINT
  if (size == 0) return 0;
  std::string payload(reinterpret_cast<const char*>(data) + 1, size - 1);
  try {
    read(data[0] % 5, payload, (data[0] & 0x80) != 0);
  } catch (const kj::Exception&) {
    // Named where the shard opens.
  }
  return 0;
}
