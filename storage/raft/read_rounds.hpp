// Linearizable reads without clocks: a leader asks the voters "is your durable term still mine?" and serves the reads
// that waited when it began to ask, once a majority said yes and the state holds what was committed by then.
//
// Owner: one replica, while it leads one term. Pure. One round at a time: reads that come meanwhile wait for the next.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "storage/raft/replica.hpp"

namespace troupe {

class read_rounds {
 public:
  struct ready_read {
    read_id id;
    log_index index;
  };

  explicit read_rounds(std::size_t voters) : voters_(voters) {}

  void add(read_id id) { waiting_.push_back(id); }
  // Begins a round if reads wait and none runs: its number. 'index' is what the state must hold to answer them.
  std::optional<std::uint64_t> begin(log_index index);
  bool running() const { return !asked_.empty(); }
  std::uint64_t round() const { return round_; }
  bool confirmed_by(node_id voter) const { return confirmed_.contains(voter); }
  void confirm(node_id voter, std::uint64_t round);
  // Takes those that may be answered with a state that holds everything up to 'applied'.
  std::vector<ready_read> take_ready(log_index applied);
  // Takes all, because leadership is lost.
  std::vector<read_id> take_all();

 private:
  void finish_if_confirmed();

  std::size_t voters_;
  std::uint64_t round_ = 0;
  std::vector<read_id> waiting_;  // for a round to begin
  std::vector<read_id> asked_;    // in the round that runs
  log_index asked_index_;
  std::set<node_id> confirmed_;    // in the round that runs, other than this voter
  std::vector<ready_read> ready_;  // confirmed, waiting for the state; indexes never go down
};

}  // namespace troupe
