// The store over one RocksDB. Thread-safe, as RocksDB is.
#pragma once

#include <filesystem>
#include <memory>

#include "storage/kv.hpp"

namespace troupe::storage {

struct rocks_options {
  std::size_t block_cache_bytes = 64ULL << 20;
  std::size_t memtable_bytes = 16ULL << 20;  // for each column that takes bulk
  int background_jobs = 2;
};

// Opens or creates the database in 'directory'. Fails with errc::corrupt, naming what is damaged and what to do.
result<std::unique_ptr<kv>> open_rocks(const std::filesystem::path& directory, const rocks_options& options);

}  // namespace troupe::storage
