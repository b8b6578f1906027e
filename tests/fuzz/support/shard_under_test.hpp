// One shard over a store in memory, behind the same applier as in a node: for commands that nobody would send.
//
// Every entry is applied, or it halts the shard; both are looked at: a refusal and a halt change no record, what was
// applied is there after a restart, and a reply can be read. After a halt it is started again before that entry.
// Not thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "actors/machines.hpp"
#include "storage/applier.hpp"
#include "tests/support/memory_kv.hpp"

namespace troupe::fuzz {

class shard_under_test {
 public:
  static constexpr std::int64_t begin_us = 1'700'000'000'000'000;

  // When what was applied is handed to the store: behind each entry, or when somebody reads, as in a node.
  enum class handing : bool { each, late };

  explicit shard_under_test(shard_id id = shard_id(1), handing when = handing::each);

  void pass_ms(std::int64_t ms) { time_us_ += ms * 1000; }
  std::int64_t now_us() const { return time_us_; }
  // The reply, or nothing when the entry would have halted the shard, or comes behind the seal.
  std::optional<std::string> run(std::string_view command);
  // An encoded schema::QueryResult, or nothing when the question could not be read.
  std::optional<std::string> ask(std::string_view query);
  // Fires what is due, as the outbox does.
  void fire_due();

  std::uint64_t digest();
  event_seq last_seq() const { return applier_->last_seq(); }
  storage::shard_records records();

 private:
  void check_restart() const;
  void start_again();
  void hand_over();

  const shard_id id_;
  const handing when_;
  const machine_set machines_;
  mutable testing::memory_kv store_;
  // Entries that are applied and were not handed over from here.
  std::vector<std::pair<log_index, std::string>> waiting_;
  std::unique_ptr<storage::applier> applier_;
  std::int64_t time_us_ = begin_us;
};

// What the reply says, with the reply checked: it is read to its last field.
bool is_refusal(std::string_view reply);

}  // namespace troupe::fuzz
