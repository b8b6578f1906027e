// What RocksDB says of itself, into the node's own log instead of a file of its own.
//
// RocksDB writes its file LOG through the same writer as its data; when the disk is full, Debian's build, which has
// assertions, ends the process there. The node's log does not depend on the data disk. Thread-safe.
#pragma once

#include <rocksdb/env.h>

#include <memory>

namespace troupe::storage {

// Warnings and errors as such, everything else for debugging.
std::shared_ptr<rocksdb::Logger> make_rocks_log();

}  // namespace troupe::storage
