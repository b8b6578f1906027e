// Applies committed entries to one shard's records: loads the entity's view, calls its machine, and gathers mutations,
// history, outbox records and cached reply in a run, which goes to the store as one batch. Owned by the shard.
//
//   entry -> due timer? cached reply? -> machine.reads -> load -> machine.apply -> the run -> reply, feed
//   the run is large, or somebody wants to read -> one unlogged batch with the applied index
//
// Invariants:
// - An entry is applied once: the applied index is in the same batch as what it did. The batch may get lost in a
//   crash, whole and with all after it: the log is applied again from the index that is left.
// - What an entry does follows from the log alone, not from where runs end.
// - A seal ends the generation: after it nothing is applied, so that the state at the seal is final.
// - A refusal changes no record. An entry that cannot be understood throws machine_fault and changes nothing:
//   it is never skipped.
#pragma once

#include <functional>
#include <string>

#include "storage/generation.hpp"
#include "storage/loaded_view.hpp"

namespace troupe::storage {

struct applied_entry {
  std::string reply;          // an encoded schema::Reply
  std::string feed;           // an encoded schema::Feed, or empty when there is nothing to tell
  std::string_view changes;   // until the next call: what it did, the same on every replica
  bool takes_digest = false;  // replicas are to compare their records as of this entry
};

class applier {
 public:
  applier(shard_id shard, troupe::generation of, epoch history, kv& store, const machine_set& machines);

  log_index applied() const { return applied_; }
  term applied_term() const { return applied_term_; }
  std::int64_t last_stamp_us() const { return last_stamp_us_; }
  event_seq last_seq() const { return last_seq_; }
  // What follows this generation, once its seal is applied.
  const std::optional<generation_change>& next() const { return next_; }

  // 'entry' is the data of a command's log entry at 'at', which must follow the last one applied.
  applied_entry apply(log_index at, term entry_term, std::string_view entry);
  // For entries that carry no command (Raft's own): only the applied index moves.
  void skip(log_index at, term entry_term);
  // A fresh shard: its records are empty and stand at the entry that the log begins after. Call load() once written.
  static void stage_fresh(kv_batch& batch, shard_id shard, log_index at, term entry_term);
  // Called for each batch that a run becomes, to add what must reach the disk with it and not before.
  using companion = std::function<void(kv_batch&, log_index applied, term applied_term)>;
  void write_with(companion more) { companion_ = std::move(more); }
  // Called with each run that was handed to the store: its changes, and the applied state that goes with them.
  using observer = std::function<void(std::string_view changes, std::string_view applied)>;
  void tell_runs(observer tell) { tell_ = std::move(tell); }
  // Hands the run to the store: before anyone else reads the shard's records.
  void write_out();
  // How much of the log need not be kept for this store.
  log_index flushed() const;
  // Reads the applied state again: after start, and after a snapshot was installed.
  void load();

  // Runs a query on one state of the shard, which may be 'stale_ms' old. Any thread.
  static std::string answer(const kv_reader& store, shard_id shard, epoch history,
                            const machine_set& machines, std::string_view query, std::uint32_t stale_ms = 0,
                            query_cache* cache = nullptr);

 private:
  struct work;
  void run(work& w, std::string_view command);
  bool answer_from_cache(work& w);
  void run_machine(work& w);
  void run_seal(work& w);
  void remember_reply(work& w);
  void stage(work& w, const mutations& changes, const loaded_view& before);
  void drop_expired(work& w);
  std::optional<std::string> get(column c, std::string_view key) const;
  void advance(log_index at, term entry_term);
  std::string feed_of(const work& w, const std::vector<std::string>& facts) const;

  shard_id shard_;
  generation generation_;
  epoch history_;
  kv& store_;
  const machine_set& machines_;
  companion companion_;
  observer tell_;
  applied_run run_;
  recent_ids recent_;
  record_cache cache_;
  log_index applied_, written_out_;
  term applied_term_;
  std::int64_t last_stamp_us_ = 0;
  event_seq last_seq_;
  std::int64_t earliest_expiry_us_ = 0;  // no remembered reply expires before
  std::int64_t earliest_in_run_us_ = 0;  // the same of those that the run remembers
  std::optional<generation_change> next_;
};

}  // namespace troupe::storage
