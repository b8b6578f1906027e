// From a backup to the data directory of a new cluster: see backup_folder.hpp.
#include <fstream>

#include "protocol/envelope.hpp"
#include "storage/backup_folder.hpp"
#include "storage/log.hpp"
#include "storage/rocks_kv.hpp"

namespace troupe::storage {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t chunk_bytes_max = 64ULL << 20;  // one record may be as large as an entry, and more

failure damaged(const fs::path& file, const std::string& what) {
  return {errc::corrupt, file.string() + ": " + what + ": the backup is damaged, take another one"};
}

// The next chunk with its envelope; empty at the end.
result<std::string> next_chunk(std::ifstream& in, const fs::path& file) {
  std::string chunk(envelope_bytes, '\0');
  in.read(chunk.data(), envelope_bytes);
  if (in.gcount() == 0) return std::string();
  std::size_t payload = 0;
  for (int i = 3; i >= 0; --i)
    payload = payload << 8 | static_cast<unsigned char>(chunk[4 + static_cast<std::size_t>(i)]);
  if (in.gcount() != envelope_bytes || payload > chunk_bytes_max) return damaged(file, "a chunk is cut off");
  chunk.resize(envelope_bytes + payload);
  in.read(chunk.data() + envelope_bytes, static_cast<std::streamsize>(payload));
  if (static_cast<std::size_t>(in.gcount()) != payload) return damaged(file, "a chunk is cut off");
  return chunk;
}

// Its records, and a log that begins after them with one voter.
result<done> restore_shard(kv& store, const fs::path& file, const shard_backup& s, node_id self,
                           const restore_progress& tell) {
  std::ifstream in(file, std::ios::binary);
  chunk_facts last;
  std::uint64_t bytes = 0;
  for (std::uint64_t i = 0; i < s.chunks; ++i) {
    auto chunk = next_chunk(in, file);
    if (!chunk) return chunk.error();
    if (chunk->empty() || last.last) return damaged(file, "chunks are missing");
    auto batch = store.make_batch();
    auto facts = stage_chunk(*batch, s.shard, *chunk);
    if (!facts) return damaged(file, facts.error().detail);
    last = *facts;
    if (auto written = store.write(*batch, durability::unlogged); !written) return written;
    bytes += chunk->size();
    if (tell) tell(s.shard, bytes);
  }
  if (!last.last || last.reached != s.reached.index || last.reached_term != s.reached.term)
    return damaged(file, "it does not end where the manifest says");
  auto batch = store.make_batch();
  stage_hard_state(*batch, s.shard, {s.reached.term, node_id{}});
  stage_snapshot(
      *batch, s.shard,
      {s.reached, log_index(s.reached.index.value + 1), generation(s.generation.value + 1), {self}});
  return store.write(*batch, durability::logged);
}

result<bool> restore_all(const fs::path& folder, const backup_manifest& manifest, const data_dir& dir,
                         const restore_progress& tell) {
  auto store = open_rocks(dir.database(), {});
  if (!store) return store.error();
  for (const auto& s : manifest.shards) {
    auto restored = restore_shard(**store, folder / shard_file_name(s.shard), s, dir.identity().node, tell);
    if (!restored) return restored.error();
  }
  if (auto flushed = (*store)->flush(); !flushed) return flushed.error();
  auto now = (*store)->snapshot();
  for (const auto& s : manifest.shards)
    if (digest(*now, s.shard) != s.digest)
      return failure{errc::corrupt,
                     "shard " + std::to_string(s.shard.value) +
                         ": the restored state has another digest than the one that was saved"};
  return true;
}

}  // namespace

result<backup_manifest> restore_backup(const fs::path& folder, const fs::path& data,
                                       directory_identity identity, const restore_progress& tell) {
  auto manifest = check_backup(folder);
  if (!manifest) return manifest;
  identity.shards = static_cast<std::uint16_t>(manifest->shards.size());
  auto fill = [&](const data_dir& dir) {
    try {
      return restore_all(folder, *manifest, dir, tell);
    } catch (const storage_fault& e) {
      return result<bool>(failure{e.code, e.what()});
    }
  };
  auto made = data_dir::make_filled(data, identity, fill);
  if (!made) return made.error();
  return manifest;
}

}  // namespace troupe::storage
