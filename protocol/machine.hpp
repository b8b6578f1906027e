// The machine contract: apply(view, command, stamp) -> {changes, reply, facts}.
//
// - reads() names every record that apply() may look at; the shell loads them, so apply never waits.
// - apply() is deterministic: the same view, command and stamp give the same bytes on every replica.
//   No clock, no random source, no thread, no unordered container; time and ids come from the stamp.
// - A refusal is a reply with no changes. A broken invariant throws machine_fault: the shard halts, bytes kept.
// - What must happen later is a record of family::outbox in the same changes.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/errc.hpp"
#include "protocol/ids.hpp"
#include "protocol/schema/command.capnp.h"
#include "protocol/schema/query.capnp.h"
#include "protocol/schema/reply.capnp.h"

namespace troupe {

// Where a record lives. One RocksDB column family each.
enum class family : std::uint8_t { state = 0, history = 1, events = 2, rollups = 3, outbox = 4 };
inline constexpr std::size_t family_count = 5;

struct stamp {
  std::int64_t time_us = 0;  // never goes back within a shard
  std::uint64_t entropy_high = 0;
  std::uint64_t entropy_low = 0;
  std::uint32_t level = 0;
  log_index index;  // of the entry that is applied
};

struct machine_fault : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// The keys a command needs to see. Repeats are allowed.
class read_set {
 public:
  void add(family f, std::string key) { keys_.emplace_back(f, std::move(key)); }
  const std::vector<std::pair<family, std::string>>& keys() const { return keys_; }

 private:
  std::vector<std::pair<family, std::string>> keys_;
};

// The records that reads() named, as they are before the command. Asking for any other key is a machine_fault.
class view {
 public:
  virtual ~view() = default;
  virtual std::optional<std::string_view> get(family f, std::string_view key) const = 0;
};

enum class mutation_kind : std::uint8_t {
  put = 0,
  put_kept = 1,  // the previous version goes to history
  erase = 2,
  merge = 3,  // family::rollups: figures to add; family::events: a group of ids: see merge_values()
};

// Changes in the order they were made, as one run of bytes: what replicas must agree on to the last bit.
class mutations {
 public:
  void put(family f, std::string_view key, std::string_view value) { add(mutation_kind::put, f, key, value); }
  void put_kept(family f, std::string_view key, std::string_view value) {
    add(mutation_kind::put_kept, f, key, value);
  }
  void erase(family f, std::string_view key) { add(mutation_kind::erase, f, key, {}); }
  void merge(family f, std::string_view key, std::string_view value) {
    add(mutation_kind::merge, f, key, value);
  }

  void reserve(std::size_t bytes) { bytes_.reserve(bytes); }
  bool empty() const { return bytes_.empty(); }
  std::string_view bytes() const { return bytes_; }
  // visit(mutation_kind, family, key, value), in order.
  template <class Visit>
  void for_each(Visit&& visit) const {
    std::string_view rest = bytes_;
    while (!rest.empty()) {
      auto kind = static_cast<mutation_kind>(rest[0]);
      auto f = static_cast<family>(rest[1]);
      auto key_size = length_at(rest.substr(2)), value_size = length_at(rest.substr(6));
      visit(kind, f, rest.substr(10, key_size), rest.substr(10 + key_size, value_size));
      rest.remove_prefix(10 + key_size + value_size);
    }
  }

 private:
  void add(mutation_kind kind, family f, std::string_view key, std::string_view value);
  static std::uint32_t length_at(std::string_view at);

  std::string bytes_;
};

struct outcome {
  mutations changes;
  std::string reply;               // an encoded schema::Reply; the shell fills in its index
  std::vector<std::string> facts;  // encoded schema::Fact, for subscribers
};

class machine {
 public:
  virtual ~machine() = default;
  virtual bool handles(schema::Command::Body::Which command) const = 0;
  virtual void reads(schema::Command::Reader command, const stamp& at, read_set& keys) const = 0;
  virtual outcome apply(const view& before, schema::Command::Reader command, const stamp& at) const = 0;
};

// What query handlers keep of one shard's records from one query to the next: bytes that those records alone determine, in
// memory, bounded, gone at any time. What is found may be of an older state: it must say of which, in its key or in itself.
class query_cache {
 public:
  virtual ~query_cache() = default;
  virtual std::shared_ptr<const std::string> find(std::string_view key) = 0;
  virtual void keep(std::string_view key, std::string bytes) = 0;
};

// Records as a query sees them: one consistent state of one shard.
class record_reader {
 public:
  virtual ~record_reader() = default;
  virtual std::optional<std::string> get(family f, std::string_view key) const = 0;
  // Visits [from, to) upwards, or downwards from the last key below 'to', until visit returns false.
  // An empty 'to' means: to the end of the family.
  using visitor = std::function<bool(std::string_view key, std::string_view value)>;
  virtual void scan(family f, std::string_view from, std::string_view to, const visitor& visit) const = 0;
  virtual void scan_down(family f, std::string_view from, std::string_view to,
                         const visitor& visit) const = 0;
  // Null: nothing is kept here.
  virtual query_cache* cache() const { return nullptr; }
};

// The read side of an entity. Pure: looks at nothing but the reader.
class query_handler {
 public:
  virtual ~query_handler() = default;
  virtual bool handles(schema::Query::Which query) const = 0;
  virtual void answer(const record_reader& records, schema::Query::Reader query,
                      schema::QueryResult::Builder out) const = 0;
};

// What a shard is made of. Handed to storage by the node; there is no global registry.
struct machine_set {
  // The behaviour level up to which they can apply entries. A replica halts before one beyond it.
  std::uint32_t level = 1;
  std::vector<std::unique_ptr<machine>> machines;
  std::vector<std::unique_ptr<query_handler>> queries;

  const machine* of(schema::Command::Body::Which command) const;
  const query_handler* of(schema::Query::Which query) const;
};

// An encoded reply that refuses: no changes may go with it.
std::string refusal(errc code, std::string_view detail, std::string_view field = {});
// The same as the answer to a query.
void refuse(schema::QueryResult::Builder out, errc code, std::string_view detail,
            std::string_view field = {});
// An encoded reply that says just "done".
std::string done_reply();

}  // namespace troupe
