#include "storage/snapshot.hpp"

#include <xxhash.h>

#include <array>

#include "protocol/frame.hpp"
#include "protocol/message.hpp"
#include "protocol/schema/storage.capnp.h"

namespace troupe::storage {

namespace {

// What a snapshot carries: the records, and how far they reflect the log. Not the log, nor votes.
constexpr std::array columns = {column::state, column::history, column::events, column::rollups,
                                column::outbox};
constexpr std::string_view applied_suffix = "applied";

struct record_copy {
  column where;
  std::string key, value;
};

template <class Visit>
void each_record(const kv_reader& store, shard_id shard, Visit&& visit) {
  auto from = shard_key(shard), to = shard_key(shard_id(static_cast<std::uint16_t>(shard.value + 1)));
  bool going = true;
  for (auto c : columns) {
    if (!going) return;
    store.scan(c, from, to,
               [&](std::string_view key, std::string_view value) { return going = visit(c, key, value); });
  }
}

std::string seal_chunk(const std::vector<record_copy>& records, const bool last) {
  capnp::MallocMessageBuilder message;
  auto chunk = message.initRoot<schema::SnapshotChunk>();
  chunk.setLast(last);
  auto list = chunk.initRecords(static_cast<unsigned>(records.size()));
  for (unsigned i = 0; i < list.size(); ++i) {
    list[i].setColumn(static_cast<std::uint8_t>(records[i].where));
    list[i].setKey(data_of(records[i].key));
    list[i].setValue(data_of(records[i].value));
  }
  return seal_envelope(static_cast<std::uint16_t>(frame_kind::snapshot_chunk), frame::version,
                       to_bytes(message));
}

}  // namespace

void export_records(const kv_reader& store, shard_id shard, std::size_t chunk_bytes,
                    const std::function<bool(std::string)>& sink) {
  std::vector<record_copy> chunk;
  std::size_t bytes = 0;
  bool going = true;
  each_record(store, shard, [&](column c, std::string_view key, std::string_view value) {
    chunk.push_back({c, std::string(key), std::string(value)});
    bytes += key.size() + value.size();
    if (bytes < chunk_bytes) return true;
    going = sink(seal_chunk(chunk, false));
    chunk.clear();
    bytes = 0;
    return going;
  });
  if (!going) return;
  auto applied = shard_key(shard, applied_suffix);
  if (auto value = store.get(column::meta, applied)) chunk.push_back({column::meta, applied, *value});
  sink(seal_chunk(chunk, true));
}

result<log_index> stage_import(kv_batch& batch, shard_id shard, std::span<const std::string> chunks) {
  auto from = shard_key(shard), to = shard_key(shard_id(static_cast<std::uint16_t>(shard.value + 1)));
  for (auto c : columns) batch.erase_range(c, from, to);
  bool complete = false;
  log_index reached;
  for (auto& bytes : chunks) {
    auto opened = open_envelope(bytes);
    if (!opened) return failure{errc::corrupt, "a snapshot chunk: " + opened.error().detail};
    message_reader reader(opened->payload);
    auto chunk = reader.root<schema::SnapshotChunk>();
    for (auto r : chunk.getRecords()) {
      auto key = view_of(r.getKey());
      if (r.getColumn() >= column_count || !key.starts_with(from))
        return failure{errc::corrupt, "a snapshot chunk holds a record of another shard"};
      if (static_cast<column>(r.getColumn()) == column::meta)
        reached = log_index(message_reader(view_of(r.getValue())).root<schema::AppliedState>().getIndex());
      batch.put(static_cast<column>(r.getColumn()), key, view_of(r.getValue()));
    }
    complete = chunk.getLast();
  }
  if (!complete) return failure{errc::corrupt, "the last snapshot chunk is missing"};
  return reached;
}

std::uint64_t digest(const kv_reader& store, shard_id shard) {
  auto* hash = XXH3_createState();
  XXH3_64bits_reset(hash);
  each_record(store, shard, [&](column c, std::string_view key, std::string_view value) {
    std::uint64_t header[3] = {static_cast<std::uint64_t>(c), key.size(), value.size()};
    XXH3_64bits_update(hash, header, sizeof header);
    XXH3_64bits_update(hash, key.data(), key.size());
    XXH3_64bits_update(hash, value.data(), value.size());
    return true;
  });
  auto sum = XXH3_64bits_digest(hash);
  XXH3_freeState(hash);
  return sum;
}

}  // namespace troupe::storage
