#include "storage/shard_digest.hpp"

#include <caf/all.hpp>

#include <algorithm>

#include "protocol/message.hpp"
#include "protocol/schema/command.capnp.h"

namespace troupe::storage {

namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t turns = 16;
constexpr std::uint64_t lost_after_times = 10;
constexpr std::uint64_t took_times = 4;  // taking digests is no shard's main occupation

}  // namespace

void shard_digest::begin(std::uint64_t now_ms, milliseconds every) {
  every_ = every;
  auto ms = static_cast<std::uint64_t>(every.count());
  due_ms_ = now_ms + ms * (shard_.value % turns + 1) / turns;
  look_again();
}

void shard_digest::look_again() {
  if (every_.count() > 0)
    self_.delayed_send(&self_, std::max<milliseconds>(every_ / 16, milliseconds(50)), compare_atom::value);
}

bool shard_digest::is_due(std::uint64_t now_ms, generation in, log_index applied) const {
  // One that a damaged file ended never comes.
  auto given_up_ms = asked_ms_ + lost_after_times * static_cast<std::uint64_t>(every_.count());
  bool is_running = taking_ > index_ && now_ms < given_up_ms;
  return every_.count() > 0 && now_ms >= due_ms_ && !is_running && (in != asked_in_ || applied > index_);
}

void shard_digest::asked(std::uint64_t now_ms, generation in) {
  asked_in_ = in;
  asked_ms_ = now_ms;
  due_ms_ = now_ms + std::max(static_cast<std::uint64_t>(every_.count()), took_ms_ * took_times);
}

std::string shard_digest::command() {
  capnp::MallocMessageBuilder message;
  auto c = message.initRoot<schema::Command>();
  c.setPrincipal("node");
  c.initBody().setNoop();
  c.setTakeDigest(true);
  return to_bytes(message);
}

void shard_digest::take(digest_worker& worker, const kv& store, log_index at) {
  taking_ = at;
  worker.take(shard_, store.snapshot(),
              [to = caf::actor(&self_), at](std::uint64_t digest, std::uint64_t took_ms) {
                caf::anon_send(to, digested_atom::value, at.value, digest, took_ms);
              });
}

void shard_digest::taken(log_index at, std::uint64_t digest, std::uint64_t took_ms) {
  if (at < index_) return;
  index_ = at;
  value_ = digest;
  took_ms_ = took_ms;
}

}  // namespace troupe::storage
