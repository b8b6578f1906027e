#include "storage/generation.hpp"

#include <kj/exception.h>

#include <algorithm>

#include "protocol/message.hpp"
#include "protocol/schema/generation.capnp.h"

namespace troupe::storage {

namespace {

std::string change_key(shard_id shard, generation into) { return shard_key(shard, change_name(into)); }
std::string left_key(shard_id shard) { return shard_key(shard, "left"); }

std::optional<generation_change> get_change(const kv_reader& store, const std::string& key) {
  auto bytes = store.get(column::meta, key);
  if (!bytes) return std::nullopt;
  message_reader reader(*bytes);
  return read_change(reader.root<schema::GenerationChange>());
}

}  // namespace

void write_change(const generation_change& change, schema::GenerationChange::Builder out) {
  out.setGeneration(change.generation.value);
  auto voters = out.initVoters(static_cast<unsigned>(change.voters.size()));
  for (unsigned i = 0; i < voters.size(); ++i) voters.set(i, change.voters[i].value);
  out.setIndex(change.point.index.value);
  out.setTerm(change.point.term.value);
}

generation_change read_change(schema::GenerationChange::Reader in) {
  generation_change change{
      generation(in.getGeneration()), {}, {log_index(in.getIndex()), term(in.getTerm())}};
  for (auto v : in.getVoters()) change.voters.emplace_back(v);
  return change;
}

std::string change_name(generation into) {
  std::string name = "change";
  for (int shift = 56; shift >= 0; shift -= 8) name.push_back(static_cast<char>(into.value >> shift));
  return name;
}

std::string encode_change(const generation_change& change) {
  capnp::MallocMessageBuilder message;
  write_change(change, message.initRoot<schema::GenerationChange>());
  return to_bytes(message);
}

bool generation_change::has(node_id node) const {
  return std::find(voters.begin(), voters.end(), node) != voters.end();
}

void stage_change(kv_batch& batch, shard_id shard, const generation_change& change) {
  batch.put(column::meta, change_key(shard, change.generation), encode_change(change));
}

void stage_change_done(kv_batch& batch, shard_id shard, generation into) {
  batch.erase(column::meta, change_key(shard, into));
}

void stage_no_changes(kv_batch& batch, shard_id shard) {
  batch.erase_range(column::meta, change_key(shard, generation(0)),
                    change_key(shard, generation(~std::uint64_t{0})));
}

std::optional<generation_change> load_change(const kv_reader& store, shard_id shard, generation into) {
  return get_change(store, change_key(shard, into));
}

void stage_left(kv_batch& batch, shard_id shard, const generation_change& without) {
  auto from = shard_key(shard), to = shard_key(shard_id(static_cast<std::uint16_t>(shard.value + 1)));
  for (std::size_t c = 0; c < column_count; ++c) batch.erase_range(static_cast<column>(c), from, to);
  batch.put(column::meta, left_key(shard), encode_change(without));
}

std::optional<generation_change> load_left(const kv_reader& store, shard_id shard) {
  return get_change(store, left_key(shard));
}

void stage_back(kv_batch& batch, shard_id shard) { batch.erase(column::meta, left_key(shard)); }

std::string encode_generation_message(const generation_message& m) {
  capnp::MallocMessageBuilder message;
  auto out = message.initRoot<schema::GenerationMessage>();
  out.setShard(m.shard.value);
  out.setFrom(m.from.value);
  if (auto* change = std::get_if<generation_change>(&m.what))
    write_change(*change, out.initBegan());
  else
    out.setEntered(std::get<generation>(m.what).value);
  return to_bytes(message);
}

result<generation_message> decode_generation_message(std::string_view bytes) {
  try {
    message_reader reader(bytes);
    auto in = reader.root<schema::GenerationMessage>();
    generation_message m{shard_id(in.getShard()), node_id(in.getFrom()), generation(0)};
    switch (in.which()) {
      case schema::GenerationMessage::BEGAN: m.what = read_change(in.getBegan()); return m;
      case schema::GenerationMessage::ENTERED: m.what = generation(in.getEntered()); return m;
    }
    return failure{errc::unsupported, "a message about generations of a kind unknown here"};
  } catch (const kj::Exception& e) {
    return failure{errc::corrupt, std::string("a message about generations cannot be decoded: ") +
                                      e.getDescription().cStr()};
  }
}

}  // namespace troupe::storage
