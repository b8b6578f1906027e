#include "storage/state_import.hpp"

#include "protocol/message.hpp"
#include "protocol/schema/storage.capnp.h"
#include "storage/snapshot.hpp"

namespace troupe::storage {

namespace {

constexpr std::uint64_t chunks_at_once = 4;

std::string import_key(shard_id shard) { return shard_key(shard, "import"); }

std::string chunk_key(shard_id shard, std::uint64_t number) {
  auto key = shard_key(shard);
  for (int shift = 56; shift >= 0; shift -= 8) key.push_back(static_cast<char>(number >> shift));
  return key;
}

std::string end_of(shard_id shard) {
  return shard_key(shard_id(static_cast<std::uint16_t>(shard.value + 1)));
}

}  // namespace

void stage_incoming(kv_batch& batch, shard_id shard, std::uint64_t number, std::string_view chunk) {
  batch.put(column::incoming, chunk_key(shard, number), chunk);
}

void stage_no_incoming(kv_batch& batch, shard_id shard) {
  batch.erase_range(column::incoming, shard_key(shard), end_of(shard));
}

bool has_incoming(const kv_reader& store, shard_id shard) {
  bool any = false;
  store.scan(column::incoming, shard_key(shard), end_of(shard), [&](std::string_view, std::string_view) {
    any = true;
    return false;
  });
  return any;
}

void stage_import_begun(kv_batch& batch, shard_id shard, const state_import& import) {
  capnp::MallocMessageBuilder message;
  auto out = message.initRoot<schema::StateImport>();
  write_change(import.change, out.initChange());
  out.setKind(static_cast<std::uint8_t>(import.kind));
  out.setChunks(import.chunks);
  batch.put(column::meta, import_key(shard), to_bytes(message));
}

void stage_import_done(kv_batch& batch, shard_id shard) {
  batch.erase(column::meta, import_key(shard));
  stage_no_incoming(batch, shard);
}

std::optional<state_import> load_import(const kv_reader& store, shard_id shard) {
  auto bytes = store.get(column::meta, import_key(shard));
  if (!bytes) return std::nullopt;
  message_reader reader(*bytes);
  auto in = reader.root<schema::StateImport>();
  return state_import{read_change(in.getChange()), static_cast<state_import::purpose>(in.getKind()),
                      in.getChunks()};
}

result<std::uint64_t> import_some(kv& store, shard_id shard, const state_import& import, std::uint64_t next) {
  auto batch = store.make_batch();
  if (next == 1 && import.kind != state_import::purpose::follow) stage_no_records(*batch, shard);
  auto end = std::min(next + chunks_at_once, import.chunks + 1);
  for (; next < end; ++next) {
    auto chunk = store.latest().get(column::incoming, chunk_key(shard, next));
    if (!chunk)
      return failure{errc::corrupt,
                     "a chunk of the state that was pulled is missing. Remove this node's copy"};
    if (auto staged = stage_chunk(*batch, shard, *chunk); !staged) return staged.error();
  }
  if (auto written = store.write(*batch, durability::unlogged); !written) return written.error();
  return next;
}

}  // namespace troupe::storage
