#include "storage/query_memory.hpp"

#include <zstd.h>

#include <optional>
#include <utility>

#include "protocol/must.hpp"
#include "storage/kv.hpp"

namespace troupe::storage {

namespace {

constexpr std::size_t overhead = 192;  // of an entry, about: nodes, pointers, heads of strings

// Below that it would spare little.
constexpr std::size_t compressed_from = 512;
constexpr int level = 1;

// Kept by each thread: they are large to make.
ZSTD_CCtx& compressor() {
  static thread_local std::unique_ptr<ZSTD_CCtx, std::size_t (*)(ZSTD_CCtx*)> context(ZSTD_createCCtx(),
                                                                                      ZSTD_freeCCtx);
  return *context;
}

ZSTD_DCtx& decompressor() {
  static thread_local std::unique_ptr<ZSTD_DCtx, std::size_t (*)(ZSTD_DCtx*)> context(ZSTD_createDCtx(),
                                                                                      ZSTD_freeDCtx);
  return *context;
}

// Nothing where it would be no smaller.
std::optional<std::string> compressed(const std::string& plain) {
  if (plain.size() < compressed_from) return {};
  std::string out(ZSTD_compressBound(plain.size()), '\0');
  auto size = ZSTD_compressCCtx(&compressor(), out.data(), out.size(), plain.data(), plain.size(), level);
  if (ZSTD_isError(size) || size >= plain.size()) return {};
  return std::string(out, 0, size);
}

std::string decompressed(const std::string& bytes, std::size_t size) {
  std::string plain(size, '\0');
  auto made = ZSTD_decompressDCtx(&decompressor(), plain.data(), size, bytes.data(), bytes.size());
  must(made == size, "what was compressed in memory is what it was");
  return plain;
}

}  // namespace

std::size_t query_memory::entry::size() const { return overhead + key.size() + bytes->size(); }

std::shared_ptr<const std::string> query_memory::find(const std::string& key) {
  std::shared_ptr<const std::string> bytes;
  std::size_t plain_size = 0;
  {
    std::lock_guard lock(mutex_);
    auto at = places_.find(key);
    if (at == places_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, at->second);
    bytes = at->second->bytes;
    plain_size = at->second->plain_size;
  }
  if (plain_size == 0) return bytes;
  return std::make_shared<const std::string>(decompressed(*bytes, plain_size));
}

void query_memory::keep(std::string key, std::string bytes) {
  std::size_t plain_size = 0;
  if (auto small = compressed(bytes)) {
    plain_size = bytes.size();
    bytes = std::move(*small);
  }
  entry made{std::move(key), std::make_shared<const std::string>(std::move(bytes)), plain_size};
  std::lock_guard lock(mutex_);
  if (auto at = places_.find(made.key); at != places_.end()) forget(at->second);
  if (made.size() > bytes_max_) return;
  bytes_ += made.size();
  entries_.push_front(std::move(made));
  places_.emplace(entries_.front().key, entries_.begin());
  while (bytes_ > bytes_max_) forget(std::prev(entries_.end()));
}

std::size_t query_memory::bytes() const {
  std::lock_guard lock(mutex_);
  return bytes_;
}

void query_memory::forget(std::list<entry>::iterator at) {
  bytes_ -= at->size();
  places_.erase(at->key);
  entries_.erase(at);
}

shard_memory::shard_memory(query_memory& all, shard_id shard, epoch history)
    : all_(all), prefix_(shard_key(shard, std::to_string(history.value) + ' ')) {}

std::shared_ptr<const std::string> shard_memory::find(std::string_view key) {
  return all_.find(prefix_ + std::string(key));
}

void shard_memory::keep(std::string_view key, std::string bytes) {
  all_.keep(prefix_ + std::string(key), std::move(bytes));
}

}  // namespace troupe::storage
