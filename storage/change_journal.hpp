// What has become of a shard's records since a node began to pull them ahead of a seal: that node follows by it, without a log,
// which a lone voter does not keep. Owned by the member; in memory, because whoever it is for can pull everything instead.
//
//   begin(taker) with a snapshot ... add(run), add(run) ... at(place) -> the part, and the place of the next one
//
// Invariants:
// - the parts from a place on, put on the records of its snapshot in order and each once, make the records as they are now;
// - a run is added whole: what stands between two runs is the state at one entry of the log;
// - beyond parts_bytes_max, or when nobody has asked for long, it is dropped, and its places lead nowhere.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/ids.hpp"

namespace troupe::storage {

// Where a follower is: the part that it wants next.
struct journal_place {
  std::uint64_t journal = 0;  // 0: none
  std::uint64_t part = 0;

  bool operator==(const journal_place&) const = default;
};

class change_journal {
 public:
  static constexpr std::size_t parts_bytes_max = 32 * 1024 * 1024;
  static constexpr std::size_t part_bytes_max = 256 * 1024;  // more only for one large record
  static constexpr std::uint64_t idle_ms_max = 30'000;

  // Somebody follows: runs are to be added.
  bool is_kept() const { return number_ != 0; }
  // A snapshot is taken now. 'fresh' numbers a new journal: never 0, never the same again.
  journal_place begin(node_id taker, std::uint64_t now_ms, std::uint64_t fresh);
  // The changes of a run in the order in which they were made (applied_run.hpp), and the applied state that goes with it.
  void add(std::string_view changes, std::string_view applied);
  // The state does not change any more: the seal is applied.
  void close() { is_closed_ = true; }

  struct answer {
    std::string_view changes;  // empty: nothing has changed since
    std::string_view applied;  // of a run's last part
    bool last = false;         // there is nothing behind it for now
    journal_place next;
  };
  // Nothing: that place is not known any more.
  std::optional<answer> at(node_id taker, const journal_place& place, std::uint64_t now_ms);
  void expire(std::uint64_t now_ms);
  void clear();

 private:
  struct part {
    std::string changes, applied;
  };
  struct follower {
    std::uint64_t part = 0, asked_ms = 0;
  };
  void trim();

  std::uint64_t number_ = 0, first_ = 1;  // the number of parts_.front()
  std::deque<part> parts_;
  std::size_t bytes_ = 0;
  std::map<node_id, follower> followers_;
  bool is_closed_ = false;
};

}  // namespace troupe::storage
