// What must hold in every run, checked at the moment it could break. A breach throws violation.
//
// - one leader per term of a generation, and no other is called so;
// - log matching: an index and term name one record, with one record before it, on every disk;
// - no vote and no acknowledgement leaves a node before what it says is on that node's disk;
// - nothing committed is lost or changed: every replica writes the same bytes when it applies an index, in order;
// - an event that anybody was shown is the shard's event of that number;
// - a reply's index is one that was applied; reads see at least what was acknowledged before they began.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>

#include "protocol/uuid.hpp"
#include "storage/kv.hpp"
#include "storage/raft/replica.hpp"

namespace troupe::sim {

struct violation : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class oracle {
 public:
  void leader_elected(generation of, term at, node_id node, std::uint64_t incarnation);
  // A follower says who leads.
  void leader_named(generation of, term at, node_id leader, node_id by) const;
  // 'before' is the term of the record at index - 1, if the node knows it.
  void record_written(node_id node, generation of, log_index index, term at, std::optional<term> before,
                      std::uint64_t hash);
  // The record that a node may call stored at this index and term; null if none was ever written.
  const std::uint64_t* record_hash(generation of, log_index index, term at) const;
  // 'previous' is what the node had applied until now.
  void applied(node_id node, log_index previous, log_index index, term at, std::uint64_t hash);
  // Of the records as of that entry.
  void digest_taken(node_id node, log_index index, std::uint64_t digest);
  void installed(node_id node, log_index index);
  void acknowledged(log_index index);
  // Every read that begins now must see this index.
  log_index read_floor() const { return floor_; }
  void read_answered(log_index floor, log_index seen);

  void event_shown(std::uint64_t seq, const uuid& id);

  log_index applied_most() const;
  std::uint64_t commits() const { return applied_.size(); }
  std::uint64_t elections() const { return leaders_.size(); }
  std::uint64_t reads() const { return reads_; }

 private:
  struct record {
    std::uint64_t hash;
    std::optional<term> before;
  };
  struct entry {
    term at;
    std::uint64_t hash;
  };
  std::map<std::pair<generation, term>, std::pair<node_id, std::uint64_t>> leaders_;
  std::map<std::tuple<generation, log_index, term>, record> records_;
  std::map<log_index, entry> applied_;
  std::map<log_index, std::uint64_t> digests_;
  std::map<std::uint64_t, uuid> shown_;  // events, by number
  log_index floor_;
  std::uint64_t reads_ = 0;
};

}  // namespace troupe::sim
