// One shard's records as checked chunks, for another replica; and the digest by which replicas compare their state.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "storage/kv.hpp"
#include "storage/raft/replica.hpp"

namespace troupe::storage {

// The first record of a chunk, or the one behind it.
struct record_cursor {
  column where = column::state;
  std::string key;  // without the shard
};

struct exported_chunk {
  std::string bytes;  // sealed
  record_cursor next;
  bool last = false;
};

// About 'chunk_bytes' from 'from' on, at least one record. errc::invalid_argument for a cursor that is none.
result<exported_chunk> export_chunk(const kv_reader& store, shard_id shard, const record_cursor& from,
                                    std::size_t chunk_bytes);
// All of them, at least one; sink returns false to stop.
void export_records(const kv_reader& store, shard_id shard, std::size_t chunk_bytes,
                    const std::function<bool(std::string chunk)>& sink);

// About a record in a chunk. On the wire: never renumber.
enum class change_kind : std::uint8_t { put = 0, erase = 1, merge = 2 };
// What has changed in a run (applied_run.hpp), as a chunk that is put on the records before it; 'applied': the state that goes
// with it, empty before the end of the run. Of all changes only those of records.
std::string changes_chunk(shard_id shard, std::string_view changes, std::string_view applied, bool last);

struct chunk_facts {
  bool last = false;
  // Of the last one: the entry up to which the records reflect the log.
  log_index reached;
  term reached_term;
};
// errc::corrupt if it is damaged or not of that shard.
result<chunk_facts> check_chunk(shard_id shard, std::string_view chunk);
// Checks, then stages its records.
result<chunk_facts> stage_chunk(kv_batch& batch, shard_id shard, std::string_view chunk);
// Stages: the shard holds no records.
void stage_no_records(kv_batch& batch, shard_id shard);

// Adds up records in the order of a snapshot.
class state_digest {
 public:
  state_digest();
  ~state_digest();
  state_digest(const state_digest&) = delete;
  void add(column c, std::string_view key, std::string_view value);
  // Those of a chunk. Checks it first.
  result<chunk_facts> add(shard_id shard, std::string_view chunk);
  std::uint64_t value() const;

 private:
  struct inside;
  std::unique_ptr<inside> in_;
};

// The entry that the records are as of; nothing: there are none, or not all.
std::optional<snapshot_point> records_point(const kv_reader& store, shard_id shard);
bool has_records(const kv_reader& store, shard_id shard);
// What the shard's records take on disk and in memory, about.
std::uint64_t about_bytes(const kv& store, shard_id shard);

// Of all records of the shard: equal states, equal digests. Reads everything.
std::uint64_t digest(const kv_reader& store, shard_id shard);
// The same; 'go_on' is asked after each of about 'bytes_at_once', and may take its time. Nothing: it said no.
std::optional<std::uint64_t> digest_while(const kv_reader& store, shard_id shard,
                                          const std::function<bool()>& go_on, std::size_t bytes_at_once);

}  // namespace troupe::storage
