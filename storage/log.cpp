#include "storage/log.hpp"

#include <cstring>

#include "protocol/frame.hpp"
#include "protocol/key.hpp"
#include "protocol/message.hpp"
#include "protocol/schema/storage.capnp.h"

namespace troupe::storage {

namespace {

std::string log_key(shard_id shard, log_index index) {
  std::string key = shard_key(shard);
  for (int shift = 56; shift >= 0; shift -= 8) key.push_back(static_cast<char>(index.value >> shift));
  return key;
}

log_index index_in(std::string_view key) {
  std::uint64_t v = 0;
  for (char c : key.substr(2)) v = (v << 8) | static_cast<unsigned char>(c);
  return log_index(v);
}

std::string log_end(shard_id shard) {
  return shard_key(shard_id(static_cast<std::uint16_t>(shard.value + 1)));
}

failure damaged(shard_id shard, log_index index, const std::string& what) {
  return {errc::corrupt, "log of shard " + std::to_string(shard.value) + ": entry " +
                             std::to_string(index.value) + " " + what +
                             ". Restore a backup or remove this node's copy"};
}

std::string encode_record(const log_record& r) {
  capnp::MallocMessageBuilder message(16);
  auto header = message.initRoot<schema::LogHeader>();
  header.setTerm(r.term.value);
  header.setKind(static_cast<std::uint16_t>(r.kind));
  return seal_envelope(static_cast<std::uint16_t>(frame_kind::log_record), frame::version, to_bytes(message),
                       *r.payload);
}

struct decoded_record {
  troupe::term term;
  entry_kind kind;
  std::string_view payload;
};

result<decoded_record> decode_record(std::string_view bytes) {
  auto opened = open_envelope(bytes);
  if (!opened) return opened.error();
  if (opened->kind != static_cast<std::uint16_t>(frame_kind::log_record) ||
      opened->version != frame::version || opened->payload.size() < 8)
    return failure{errc::corrupt, "is not a log record of a known version"};
  std::uint32_t words = 0;
  std::memcpy(&words, opened->payload.data() + 4, 4);
  auto header_bytes = 8 + std::size_t{words} * 8;
  if (header_bytes > opened->payload.size()) return failure{errc::corrupt, "is cut"};
  message_reader reader(opened->payload.substr(0, header_bytes));
  auto header = reader.root<schema::LogHeader>();
  return decoded_record{troupe::term(header.getTerm()), static_cast<entry_kind>(header.getKind()),
                        opened->payload.substr(header_bytes)};
}

// Visits the records from 'first' on and checks that none is missing or damaged; visit returns false to stop.
template <class Visit>
result<done> each_record(const kv_reader& store, shard_id shard, log_index first, Visit&& visit) {
  result<done> outcome = done{};
  auto next = first;
  store.scan(column::log, log_key(shard, first), log_end(shard),
             [&](std::string_view key, std::string_view value) {
               if (index_in(key) != next) {
                 outcome = damaged(shard, next, "is missing");
                 return false;
               }
               auto record = decode_record(value);
               if (!record) {
                 outcome = damaged(shard, next, record.error().detail);
                 return false;
               }
               next = log_index(next.value + 1);
               return visit(*record);
             });
  return outcome;
}

}  // namespace

void stage_hard_state(kv_batch& batch, shard_id shard, const hard_state& state) {
  capnp::MallocMessageBuilder message(16);
  auto out = message.initRoot<schema::HardState>();
  out.setTerm(state.term.value);
  out.setVote(state.vote.value);
  batch.put(column::meta, shard_key(shard, "hard"), to_bytes(message));
}

void stage_snapshot(kv_batch& batch, shard_id shard, const snapshot_record& snapshot) {
  capnp::MallocMessageBuilder message;
  auto out = message.initRoot<schema::SnapshotState>();
  out.setIndex(snapshot.point.index.value);
  out.setTerm(snapshot.point.term.value);
  out.setFirstIndex(snapshot.first.value);
  out.setGeneration(snapshot.generation.value);
  auto voters = out.initVoters(static_cast<unsigned>(snapshot.voters.size()));
  for (unsigned i = 0; i < voters.size(); ++i) voters.set(i, snapshot.voters[i].value);
  batch.put(column::meta, shard_key(shard, "snapshot"), to_bytes(message));
}

void stage_records(kv_batch& batch, shard_id shard, log_index first, std::span<const log_record> records) {
  for (auto& r : records) {
    batch.put(column::log, log_key(shard, first), encode_record(r));
    first = log_index(first.value + 1);
  }
}

void stage_erase(kv_batch& batch, shard_id shard, log_index from, log_index to) {
  batch.erase_range(column::log, log_key(shard, from), to.value == 0 ? log_end(shard) : log_key(shard, to));
}

std::optional<hard_state> load_hard_state(const kv_reader& store, shard_id shard) {
  auto bytes = store.get(column::meta, shard_key(shard, "hard"));
  if (!bytes) return std::nullopt;
  message_reader reader(*bytes);
  auto in = reader.root<schema::HardState>();
  return hard_state{term(in.getTerm()), node_id(in.getVote())};
}

std::optional<snapshot_record> load_snapshot(const kv_reader& store, shard_id shard) {
  auto bytes = store.get(column::meta, shard_key(shard, "snapshot"));
  if (!bytes) return std::nullopt;
  message_reader reader(*bytes);
  auto in = reader.root<schema::SnapshotState>();
  snapshot_record s{{log_index(in.getIndex()), term(in.getTerm())},
                    log_index(in.getFirstIndex()),
                    generation(in.getGeneration()),
                    {}};
  for (auto v : in.getVoters()) s.voters.emplace_back(v);
  return s;
}

result<std::vector<log_record>> load_records(const kv_reader& store, shard_id shard, log_index first,
                                             std::size_t count) {
  std::vector<log_record> records;
  auto outcome = each_record(store, shard, first, [&](const decoded_record& r) {
    records.push_back({r.term, r.kind, std::make_shared<const std::string>(r.payload)});
    return records.size() < count;
  });
  if (!outcome) return outcome.error();
  if (records.empty()) return damaged(shard, first, "is missing");
  return records;
}

result<std::vector<stored_entry>> load_entry_list(const kv_reader& store, shard_id shard, log_index first) {
  std::vector<stored_entry> entries;
  auto outcome = each_record(store, shard, first, [&](const decoded_record& r) {
    entries.push_back({r.term, r.kind, static_cast<std::uint32_t>(r.payload.size())});
    return true;
  });
  if (!outcome) return outcome.error();
  return entries;
}

}  // namespace troupe::storage
