// The node's data directory: who it belongs to, which format it has, and that only one process uses it.
//
//   troupe.id      what this directory is: format, cluster, node, shards, epoch (text, with a checksum)
//   troupe.lock    held while a process runs
//   db/            RocksDB
//   pki/, run/     of the node
//   invitation     of a node that has not joined yet, or did with it
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "protocol/ids.hpp"
#include "protocol/result.hpp"

namespace troupe::storage {

// A founder makes its shards itself; who joined has only what it pulls from others, also after it has lost it.
enum class node_origin : std::uint8_t { founded, joined };

struct directory_identity {
  std::uint32_t format = 1;
  std::string cluster;  // UUID
  node_id node;
  std::uint16_t shards = 0;
  epoch history;
  node_origin origin = node_origin::founded;
};

// Holds the lock until destroyed.
class data_dir {
 public:
  // Opens the directory; a missing or empty one is made with 'fresh'. Refuses, naming the file and what to do: a foreign
  // directory (not empty and not ours), a newer format, a damaged identity, a directory in use, one without rights.
  static result<data_dir> open(const std::filesystem::path& path, const directory_identity& fresh);

  // A new directory that comes to be with what 'fill' puts into it, or not at all: what makes it a data directory is
  // written last, and what was made is removed when that fails. Refuses one that holds anything.
  static result<data_dir> make_filled(const std::filesystem::path& path, const directory_identity& identity,
                                      const std::function<result<bool>(const data_dir&)>& fill);

  data_dir(data_dir&& other) noexcept;
  data_dir& operator=(data_dir&&) = delete;
  ~data_dir();

  const directory_identity& identity() const { return identity_; }
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path database() const { return path_ / "db"; }
  // True if this open made it.
  bool is_new() const { return is_new_; }
  std::uint64_t free_bytes() const;

 private:
  data_dir() = default;

  std::filesystem::path path_;
  directory_identity identity_;
  bool is_new_ = false;
  int lock_ = -1;
};

// Writes a file whole or not at all: temporary file, sync, rename, sync of the folder.
// Fails with errc::conflict if a node cannot begin in that directory, as it holds one or something else.
result<bool> check_unused(const std::filesystem::path& directory);
result<bool> write_file_atomically(const std::filesystem::path& file, std::string_view content,
                                   unsigned mode);

}  // namespace troupe::storage
