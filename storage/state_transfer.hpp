// A shard's state on its way to another node: chunks of one snapshot of the giver's store, asked for one by one, so that
// both sides need a chunk of memory each. Pure: the shard's owner (actor or simulation) carries questions and answers.
//
//   taker: question() -> giver: accept() -> answer_state() -> taker: take() -> state_sink ... complete
//
// A replica's taker puts the chunks into column::incoming for member::pulled(), a backup's into a file (backup_folder.hpp).
//
// Invariants: all chunks of a pull are of one snapshot; a chunk that is damaged is asked for again; a pull goes on where it
// was after a lost connection while the giver still holds the snapshot, and begins anew when not.
#pragma once

#include <map>
#include <memory>

#include "storage/member.hpp"
#include "storage/snapshot.hpp"

namespace troupe::storage {

inline constexpr std::size_t state_chunk_bytes = 256 * 1024;
inline constexpr std::uint64_t state_bytes_per_second_max = 48ULL << 20;  // of one pull
inline constexpr std::size_t state_snapshots_max = 8;                     // that a shard holds for takers
inline constexpr std::uint64_t state_idle_ms_max = 30'000;                // then it holds them no longer

struct state_question {
  shard_id shard;
  troupe::generation generation;
  snapshot_point point;
  std::uint64_t snapshot = 0;  // 0: begin one
  record_cursor from;
  state_purpose purpose = state_purpose::replica;
  journal_place place;  // asked for; of an accepted one: where what follows the snapshot begins
};

std::string encode_state_question(const state_question& q);
// errc::corrupt if it is none.
result<state_question> decode_state_question(std::string_view bytes);
std::string refuse_state(std::string_view why);
// The chunk that is asked for. Any thread.
std::string answer_state(const kv_reader& snapshot, std::uint64_t number, const state_question& q,
                         std::size_t chunk_bytes = state_chunk_bytes);

// The part of the journal that is asked for, in the place of a chunk: for state_purpose::changes.
std::string answer_changes(const state_question& q, node_id taker, member& from, std::uint64_t now_ms);

// Where chunks go.
class state_sink {
 public:
  virtual ~state_sink() = default;
  // The first chunk comes next: nothing of before counts.
  virtual result<done> begin() = 0;
  // They are numbered from 1. One that could not be kept comes again.
  virtual result<done> keep(std::uint64_t number, std::string_view chunk) = 0;
};

class state_taker {
 public:
  enum class outcome : std::uint8_t {
    more,      // ask the next question
    complete,  // all chunks are in the store
    again,     // ask the same once more, after a while: what came says nothing
    anew,      // the giver has lost the snapshot: it begins from the first chunk
    failed,    // this giver cannot give it
  };

  state_taker(shard_id shard, state_request wanted, kv& store);
  // 'sink' outlives it.
  state_taker(shard_id shard, state_request wanted, state_sink& sink, state_purpose purpose)
      : shard_(shard), wanted_(std::move(wanted)), purpose_(purpose), sink_(&sink) {}

  // Drops what an earlier pull left.
  result<done> begin();
  std::string question() const;
  // An encoded schema::StateAnswer, or nothing: none came.
  outcome take(std::string_view answer);

  const state_request& wanted() const { return wanted_; }
  // What the giver said last when it refused, for people.
  const std::string& refusal() const { return refusal_; }
  std::uint64_t chunks() const { return chunks_; }
  // Since begin().
  std::uint64_t bytes() const { return bytes_; }

 private:
  outcome stumble();
  outcome take_changes(const chunk_facts& facts, std::string_view chunk, const journal_place& next);

  shard_id shard_;
  state_request wanted_;
  state_purpose purpose_ = state_purpose::replica;
  std::unique_ptr<state_sink> incoming_;
  state_sink* sink_;
  std::uint64_t snapshot_ = 0, chunks_ = 0, bytes_ = 0;
  record_cursor next_;
  std::string refusal_;
  // Answers in a row that brought nothing, refusals to begin, snapshots that were lost.
  int stumbles_ = 0, refusals_ = 0, beginnings_ = 0;
};

// The snapshots that one shard holds for those who pull from it.
class state_giver {
 public:
  using snapshot = std::shared_ptr<const kv_reader>;

  // What to answer with, or why not. 'fresh' numbers a new snapshot, or journal: never 0, never the same again. The place in
  // 'q' becomes that of what follows.
  result<std::pair<std::uint64_t, snapshot>> accept(state_question& q, node_id taker, member& from, kv& store,
                                                    std::uint64_t now_ms, std::uint64_t fresh);
  void expire(std::uint64_t now_ms);
  std::size_t held() const { return held_.size(); }
  void clear() { held_.clear(); }

 private:
  struct holding {
    snapshot reader;
    node_id taker;  // one for each and each purpose: it needs an earlier one no more
    state_purpose purpose = state_purpose::replica;
    std::uint64_t used_ms = 0;
    journal_place place;
  };
  std::map<std::uint64_t, holding> held_;
};

}  // namespace troupe::storage
