// Pulls a shard's state for its actor, chunk by chunk, not faster than allowed or than the disk takes it: asks the giver over
// the network and gets its answers as messages to the actor, which alone calls this. The conversation itself is in
// state_transfer.hpp.
#pragma once

#include <caf/event_based_actor.hpp>

#include <memory>

#include "protocol/network.hpp"
#include "storage/state_transfer.hpp"

namespace troupe::storage {

// To the actor itself, with the number of the pull: ask now; an answer has come, empty for none.
using ask_atom = caf::atom_constant<caf::atom("ask")>;
using chunk_atom = caf::atom_constant<caf::atom("chunk")>;

// What a pull or an import waits between two steps while the store flushes: the shards' own writes go first.
inline constexpr std::chrono::milliseconds flush_pause{20};

class shard_pull {
 public:
  enum class progress : std::uint8_t { going, complete, failed };

  shard_pull(caf::event_based_actor& self, shard_id shard) : self_(self), shard_(shard) {}

  // Instead of what was pulled before.
  progress begin(network* peers, kv& store, const state_request& wanted);
  // Whatever is of an earlier pull changes nothing.
  void ask(std::uint64_t number);
  progress answered(std::uint64_t number, const frame& answer);

  const state_request& wanted() const { return taker_->wanted(); }
  std::uint64_t chunks() const { return taker_->chunks(); }
  // Of what is being pulled, or was last.
  std::uint64_t bytes() const { return taker_ ? taker_->bytes() : 0; }
  void clear() { taker_.reset(); }

 private:
  bool is_now(std::uint64_t number) const { return taker_ && number_ == number; }
  void ask_after(std::chrono::milliseconds wait);

  caf::event_based_actor& self_;
  shard_id shard_;
  network* peers_ = nullptr;
  const kv* store_ = nullptr;
  std::unique_ptr<state_taker> taker_;
  std::uint64_t number_ = 0;  // of the pull: members count theirs anew
  std::chrono::steady_clock::time_point begun_;
};

}  // namespace troupe::storage
