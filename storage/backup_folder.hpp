// A backup on disk: a folder with one file for each shard and a manifest that says what they are.
//
//   manifest             text: format, cluster, when, and of each shard where it stands, its digest, size and checksum
//   shard-0000.state     the chunks of state_transfer.hpp in a row, each in its envelope
//
// Invariants:
// - a folder of the name that was asked for is whole: it is written as NAME.partial and renamed when all of it is synced;
// - nothing of it is used before its checksum was looked at;
// - it needs the memory of one chunk, however large the state is.
// Each shard is as it was at one of its entries, no two at the same moment: see docs/backup.md.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "storage/data_dir.hpp"
#include "storage/state_transfer.hpp"

namespace troupe::storage {

struct shard_backup {
  shard_id shard;
  troupe::generation generation;
  snapshot_point reached;  // the records are those after this entry
  std::uint64_t digest = 0, chunks = 0, bytes = 0, checksum = 0;

  bool operator==(const shard_backup&) const = default;
};

struct backup_manifest {
  std::uint32_t format = 1;
  std::string version;  // of the program that wrote it
  std::string cluster;  // UUID
  node_id node;         // that wrote it
  std::int64_t begun_us = 0, ended_us = 0;
  std::vector<shard_backup> shards;  // by number, without gaps

  std::uint64_t bytes() const;
  // Of the digests of all shards: equal states, equal digests.
  std::uint64_t digest() const;
  bool operator==(const backup_manifest&) const = default;
};

std::string encode_manifest(const backup_manifest& manifest);
// 'name' is for messages. errc::unsupported: a newer format; errc::corrupt.
result<backup_manifest> decode_manifest(std::string_view text, std::string_view name);

std::string shard_file_name(shard_id shard);

// Writes one. Destroyed before finish() it leaves nothing behind. Blocks: for a thread of its own.
class backup_writer {
 public:
  // errc::conflict if there is something of that name.
  static result<std::unique_ptr<backup_writer>> begin(const std::filesystem::path& folder);
  ~backup_writer();
  backup_writer(const backup_writer&) = delete;

  // Takes the chunks of a shard from a state_taker; those of an earlier attempt are dropped.
  state_sink& file_of(shard_id shard, troupe::generation generation);
  // All chunks of the file are there: what the manifest says of it.
  result<shard_backup> close_file();
  // What went wrong while chunks came, which a taker sees only as a chunk to ask for again.
  const std::optional<failure>& fault() const;
  std::uint64_t bytes() const;  // of all files so far

  result<done> finish(const backup_manifest& manifest);

 private:
  class file;
  explicit backup_writer(std::filesystem::path folder);

  std::filesystem::path folder_, partial_;
  std::unique_ptr<file> file_;
  std::optional<failure> fault_;
  std::uint64_t closed_bytes_ = 0;
  bool finished_ = false;
};

// The manifest, once every file is there with its size and checksum.
result<backup_manifest> check_backup(const std::filesystem::path& folder);

// What a restored node is told of how far it is.
using restore_progress = std::function<void(shard_id shard, std::uint64_t bytes)>;
// Makes the data directory of a new cluster of one node, 'identity', with the state of the backup: each shard in a new
// generation with that node as its only voter. Whatever fails, nothing is left behind.
result<backup_manifest> restore_backup(const std::filesystem::path& folder,
                                       const std::filesystem::path& data_dir, directory_identity identity,
                                       const restore_progress& tell = {});

}  // namespace troupe::storage
