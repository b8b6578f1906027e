#include "storage/snapshot.hpp"

#include <kj/exception.h>
#include <xxhash.h>

#include <algorithm>
#include <array>

#include "protocol/frame.hpp"
#include "protocol/merged.hpp"
#include "protocol/message.hpp"
#include "protocol/schema/storage.capnp.h"
#include "storage/applied_run.hpp"

namespace troupe::storage {

namespace {

// What a snapshot carries: the records, and how far they reflect the log. Not the log, nor votes.
constexpr std::array columns = {column::state, column::history, column::events, column::rollups,
                                column::outbox};
constexpr std::string_view applied_suffix = "applied";

struct record_copy {
  column where;
  std::string key, value;
  change_kind kind = change_kind::put;
};

bool carried(std::uint8_t where) {
  return std::find(columns.begin(), columns.end(), static_cast<column>(where)) != columns.end();
}

std::string end_of(shard_id shard) {
  return shard_key(shard_id(static_cast<std::uint16_t>(shard.value + 1)));
}

// From a column's key on, which holds the shard.
template <class Visit>
void each_record(const kv_reader& store, shard_id shard, column first, const std::string& key,
                 Visit&& visit) {
  auto begin = shard_key(shard), end = end_of(shard);
  bool going = true;
  for (auto c = std::find(columns.begin(), columns.end(), first); c != columns.end() && going; ++c)
    store.scan(*c, *c == first ? key : begin, end,
               [&](std::string_view at, std::string_view value) { return going = visit(*c, at, value); });
}

std::string seal_chunk(const std::vector<record_copy>& records, const bool last) {
  capnp::MallocMessageBuilder message;
  auto chunk = message.initRoot<schema::SnapshotChunk>();
  chunk.setLast(last);
  auto list = chunk.initRecords(static_cast<unsigned>(records.size()));
  for (unsigned i = 0; i < list.size(); ++i) {
    list[i].setColumn(static_cast<std::uint8_t>(records[i].where));
    list[i].setKey(data_of(records[i].key));
    list[i].setValue(data_of(records[i].value));
    list[i].setKind(static_cast<std::uint8_t>(records[i].kind));
  }
  return seal_envelope(static_cast<std::uint16_t>(frame_kind::snapshot_chunk), frame::version,
                       to_bytes(message));
}

// The records of a sound chunk, one after the other.
template <class Visit>
result<chunk_facts> read_chunk(shard_id shard, std::string_view bytes, Visit&& visit) {
  auto bad = [](const std::string& why) { return failure{errc::corrupt, "a snapshot chunk " + why}; };
  auto opened = open_envelope(bytes);
  if (!opened) return bad(opened.error().detail);
  if (opened->kind != static_cast<std::uint16_t>(frame_kind::snapshot_chunk)) return bad("is none");
  auto prefix = shard_key(shard), applied = shard_key(shard, applied_suffix);
  try {
    message_reader reader(opened->payload);
    auto chunk = reader.root<schema::SnapshotChunk>();
    chunk_facts facts{chunk.getLast(), log_index(), term()};
    for (auto r : chunk.getRecords()) {
      auto key = view_of(r.getKey()), value = view_of(r.getValue());
      auto where = static_cast<column>(r.getColumn());
      bool is_applied = where == column::meta && key == applied;
      if (!is_applied && (!carried(r.getColumn()) || !key.starts_with(prefix)))
        return bad("holds what is no record of that shard");
      if (is_applied) {
        message_reader state(value);
        facts.reached = log_index(state.root<schema::AppliedState>().getIndex());
        facts.reached_term = term(state.root<schema::AppliedState>().getTerm());
      }
      if (r.getKind() > static_cast<std::uint8_t>(change_kind::merge) || (is_applied && r.getKind() != 0))
        return bad("says of a record what is not known here");
      auto kind = static_cast<change_kind>(r.getKind());
      // What cannot be added up would make the store refuse the record ever after.
      if (kind == change_kind::merge && !merge_values(static_cast<family>(r.getColumn()), std::array{value}))
        return bad("adds to a record what cannot be added");
      visit(where, key, value, kind);
    }
    return facts;
  } catch (const kj::Exception& e) {
    return bad(std::string("cannot be decoded: ") + e.getDescription().cStr());
  }
}

}  // namespace

result<exported_chunk> export_chunk(const kv_reader& store, shard_id shard, const record_cursor& from,
                                    std::size_t chunk_bytes) {
  if (!carried(static_cast<std::uint8_t>(from.where)))
    return failure{errc::invalid_argument, "a snapshot does not begin there"};
  exported_chunk out;
  std::vector<record_copy> records;
  std::size_t bytes = 0;
  bool full = false;
  each_record(store, shard, from.where, shard_key(shard, from.key),
              [&](column c, std::string_view key, std::string_view value) {
                if (bytes >= chunk_bytes) {
                  out.next = {c, std::string(key.substr(shard_key(shard).size()))};
                  full = true;
                  return false;
                }
                records.push_back({c, std::string(key), std::string(value)});
                bytes += key.size() + value.size();
                return true;
              });
  out.last = !full;
  auto applied = shard_key(shard, applied_suffix);
  if (out.last)
    if (auto value = store.get(column::meta, applied)) records.push_back({column::meta, applied, *value});
  out.bytes = seal_chunk(records, out.last);
  return out;
}

std::string changes_chunk(shard_id shard, std::string_view changes, std::string_view applied,
                          const bool last) {
  std::vector<record_copy> records;
  applied_run::each_change(
      changes, [&](applied_run::kind what, column c, std::string_view key, std::string_view value) {
        if (!carried(static_cast<std::uint8_t>(c))) return;
        auto kind = what == applied_run::kind::put     ? change_kind::put
                    : what == applied_run::kind::erase ? change_kind::erase
                                                       : change_kind::merge;
        records.push_back({c, std::string(key), std::string(value), kind});
      });
  if (!applied.empty())
    records.push_back({column::meta, shard_key(shard, applied_suffix), std::string(applied)});
  return seal_chunk(records, last);
}

void export_records(const kv_reader& store, shard_id shard, std::size_t chunk_bytes,
                    const std::function<bool(std::string)>& sink) {
  record_cursor from;
  for (bool going = true; going;) {
    auto chunk = export_chunk(store, shard, from, chunk_bytes);
    from = chunk->next;
    going = sink(std::move(chunk->bytes)) && !chunk->last;
  }
}

result<chunk_facts> check_chunk(shard_id shard, std::string_view chunk) {
  return read_chunk(shard, chunk, [](column, std::string_view, std::string_view, change_kind) {});
}

result<chunk_facts> stage_chunk(kv_batch& batch, shard_id shard, std::string_view chunk) {
  return read_chunk(shard, chunk,
                    [&](column c, std::string_view key, std::string_view value, change_kind kind) {
                      switch (kind) {
                        case change_kind::put: return batch.put(c, key, value);
                        case change_kind::erase: return batch.erase(c, key);
                        case change_kind::merge: return batch.merge(c, key, value);
                      }
                    });
}

void stage_no_records(kv_batch& batch, shard_id shard) {
  for (auto c : columns) batch.erase_range(c, shard_key(shard), end_of(shard));
  batch.erase(column::meta, shard_key(shard, applied_suffix));
}

std::optional<snapshot_point> records_point(const kv_reader& store, shard_id shard) {
  auto bytes = store.get(column::meta, shard_key(shard, applied_suffix));
  if (!bytes) return std::nullopt;
  message_reader reader(*bytes);
  auto state = reader.root<schema::AppliedState>();
  return snapshot_point{log_index(state.getIndex()), term(state.getTerm())};
}

bool has_records(const kv_reader& store, shard_id shard) {
  bool any = records_point(store, shard).has_value();
  if (!any)
    each_record(store, shard, columns.front(), shard_key(shard),
                [&](column, std::string_view, std::string_view) {
                  any = true;
                  return false;
                });
  return any;
}

std::uint64_t about_bytes(const kv& store, shard_id shard) {
  std::uint64_t sum = 0;
  for (auto c : columns) sum += store.about_bytes(c, shard_key(shard), end_of(shard));
  return sum;
}

struct state_digest::inside {
  XXH3_state_t* hash = XXH3_createState();
  inside() { XXH3_64bits_reset(hash); }
  ~inside() { XXH3_freeState(hash); }
};

state_digest::state_digest() : in_(std::make_unique<inside>()) {}
state_digest::~state_digest() = default;

void state_digest::add(column c, std::string_view key, std::string_view value) {
  std::uint64_t header[3] = {static_cast<std::uint64_t>(c), key.size(), value.size()};
  XXH3_64bits_update(in_->hash, header, sizeof header);
  XXH3_64bits_update(in_->hash, key.data(), key.size());
  XXH3_64bits_update(in_->hash, value.data(), value.size());
}

result<chunk_facts> state_digest::add(shard_id shard, std::string_view chunk) {
  if (auto sound = check_chunk(shard, chunk); !sound) return sound;
  return read_chunk(shard, chunk,
                    [this](column c, std::string_view key, std::string_view value, change_kind) {
                      if (c != column::meta) add(c, key, value);
                    });
}

std::uint64_t state_digest::value() const { return XXH3_64bits_digest(in_->hash); }

std::optional<std::uint64_t> digest_while(const kv_reader& store, shard_id shard,
                                          const std::function<bool()>& go_on, std::size_t bytes_at_once) {
  state_digest sum;
  std::size_t since = 0;
  bool going = true;
  each_record(store, shard, columns.front(), shard_key(shard),
              [&](column c, std::string_view key, std::string_view value) {
                sum.add(c, key, value);
                since += key.size() + value.size();
                if (since < bytes_at_once) return true;
                since = 0;
                return going = go_on();
              });
  if (!going) return std::nullopt;
  return sum.value();
}

std::uint64_t digest(const kv_reader& store, shard_id shard) {
  return *digest_while(
      store, shard, [] { return true; }, ~std::size_t{0});
}

}  // namespace troupe::storage
