// What a replica knows of the digest of its records, for its actor, which alone calls this. The leader has the shard's
// replicas take one at the same entry of the log now and then (a noop command with takeDigest); whoever sees the statuses of
// all of them compares: node/membership_body.cpp.
#pragma once

#include <caf/event_based_actor.hpp>

#include <chrono>
#include <string>

#include "storage/digest_worker.hpp"

namespace troupe::storage {

// To the actor itself: look whether it is time; it is taken.
using compare_atom = caf::atom_constant<caf::atom("compare")>;
using digested_atom = caf::atom_constant<caf::atom("digested")>;

class shard_digest {
 public:
  shard_digest(caf::event_based_actor& self, shard_id shard) : self_(self), shard_(shard) {}

  // Not more often than 'every'; 0: never. Shards take turns.
  void begin(std::uint64_t now_ms, std::chrono::milliseconds every);
  // A leader's question: is it time for another one? Not while nothing has changed since the last.
  bool is_due(std::uint64_t now_ms, generation in, log_index applied) const;
  void asked(std::uint64_t now_ms, generation in);
  static std::string command();
  void look_again();

  // The store shows the records as of 'at'.
  void take(digest_worker& worker, const kv& store, log_index at);
  void taken(log_index at, std::uint64_t digest, std::uint64_t took_ms);

  log_index index() const { return index_; }  // 0: none yet
  std::uint64_t value() const { return value_; }

 private:
  caf::event_based_actor& self_;
  shard_id shard_;
  std::chrono::milliseconds every_{0};
  std::uint64_t due_ms_ = 0, asked_ms_ = 0, took_ms_ = 0;
  log_index taking_, index_;
  std::uint64_t value_ = 0;
  generation asked_in_;
};

}  // namespace troupe::storage
