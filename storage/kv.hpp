// An ordered key-value store with columns, as the shards see it: RocksDB in the node, memory in the simulation.
//
// Keys of the family columns begin with the shard (two bytes, big endian), then the record's key of protocol/key.hpp.
// A batch is applied whole or not at all. Logged batches reach the disk in the order in which they were written, at the
// next sync. Unlogged ones reach it whenever the store flushes: all that was written until then, over all columns, or
// nothing of it. After a crash the logged batches up to some point stand on the state of the last flush.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/ids.hpp"
#include "protocol/machine.hpp"
#include "protocol/result.hpp"

namespace troupe::storage {

enum class column : std::uint8_t {
  state = 0,
  history = 1,
  events = 2,
  rollups = 3,
  outbox = 4,    // as troupe::family
  log = 5,       // (shard, index) -> log record
  meta = 6,      // what a shard knows of itself, and of the store
  incoming = 7,  // (shard, number) -> a chunk of a state that is being pulled
};
inline constexpr std::size_t column_count = 8;
constexpr column column_of(family f) { return static_cast<column>(f); }
std::string_view name_of(column c);

struct done {};
enum class durability : std::uint8_t { unlogged, logged, synced };

class kv_batch {
 public:
  virtual ~kv_batch() = default;
  virtual void put(column c, std::string_view key, std::string_view value) = 0;
  virtual void erase(column c, std::string_view key) = 0;
  virtual void erase_range(column c, std::string_view from, std::string_view to) = 0;
  virtual void merge(column c, std::string_view key, std::string_view value) = 0;
  virtual std::size_t bytes() const = 0;
};

// Reads of one state: of the latest, or of the moment a snapshot was taken. A read that meets a bad checksum
// throws storage_fault naming the file.
class kv_reader {
 public:
  virtual ~kv_reader() = default;
  virtual std::optional<std::string> get(column c, std::string_view key) const = 0;
  virtual std::vector<std::optional<std::string>> get_all(
      std::span<const std::pair<column, std::string>> keys) const = 0;
  using visitor = record_reader::visitor;
  // As record_reader: [from, to) upwards, or downwards, until visit returns false.
  virtual void scan(column c, std::string_view from, std::string_view to, const visitor& visit) const = 0;
  virtual void scan_down(column c, std::string_view from, std::string_view to,
                         const visitor& visit) const = 0;
};

class kv {
 public:
  virtual ~kv() = default;
  virtual const kv_reader& latest() const = 0;
  virtual std::unique_ptr<kv_batch> make_batch() const = 0;
  virtual result<done> write(const kv_batch& batch, durability d) = 0;
  // Makes all that was logged so far durable.
  virtual result<done> sync() = 0;
  // Makes all that was written so far durable, unlogged or not.
  virtual result<done> flush() = 0;
  // The value as it is for certain after any crash without the log: as of the last flush.
  virtual std::optional<std::string> flushed(column c, std::string_view key) const = 0;
  virtual std::unique_ptr<kv_reader> snapshot() const = 0;
  // What the keys [from, to) take, about; 0: not known. Quick.
  virtual std::uint64_t about_bytes(column, std::string_view /*from*/, std::string_view /*to*/) const {
    return 0;
  }
  // Memory is being written to disk; whoever writes much waits, or everybody's writes do once the rest is full. Quick.
  virtual bool is_flushing() const { return false; }
  // Clears the error state that a failed write leaves, once its cause is gone. errc::in_flight: it is about to by itself.
  virtual result<done> resume() = 0;
};

struct storage_fault : std::runtime_error {
  explicit storage_fault(const std::string& what, errc c = errc::corrupt)
      : std::runtime_error(what), code(c) {}
  errc code;  // no_space: nothing is damaged, the write may be repeated
};

// "<shard>" or "<shard><rest>".
std::string shard_key(shard_id shard, std::string_view rest = {});

// One shard's records without the shard in front.
class shard_records final : public record_reader {
 public:
  // 'cache' may be null.
  shard_records(const kv_reader& store, shard_id shard, query_cache* cache = nullptr)
      : store_(store), shard_(shard), cache_(cache) {}
  std::optional<std::string> get(family f, std::string_view key) const override;
  void scan(family f, std::string_view from, std::string_view to, const visitor& visit) const override;
  void scan_down(family f, std::string_view from, std::string_view to, const visitor& visit) const override;
  query_cache* cache() const override { return cache_; }

 private:
  std::string upper_bound(std::string_view to) const;

  const kv_reader& store_;
  shard_id shard_;
  query_cache* cache_;
};

}  // namespace troupe::storage
