// The store over one RocksDB. Thread-safe, as RocksDB is.
#pragma once

#include <filesystem>
#include <memory>

#include "storage/kv.hpp"

namespace troupe::storage {

struct rocks_options {
  std::size_t block_cache_bytes = 64ULL << 20;
  std::size_t memtable_bytes =
      64ULL << 20;  // of all columns together; about twice as much while they are flushed
  std::size_t log_bytes =
      64ULL << 20;  // of log that may wait to be flushed: what a start after a crash replays
  int background_jobs = 2;
};

// Opens or creates the database in 'directory'. Fails with errc::corrupt, naming what is damaged and what to do.
result<std::unique_ptr<kv>> open_rocks(const std::filesystem::path& directory, const rocks_options& options);

}  // namespace troupe::storage
