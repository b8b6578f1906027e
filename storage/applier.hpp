// Applies committed entries to one shard's records: loads the entity's view, calls its machine, and writes
// mutations, history, outbox records, cached reply and the applied index in one batch. Owned by the shard.
//
//   entry -> due timer? cached reply? -> machine.reads -> load -> machine.apply -> one batch -> reply, feed
//
// Invariants:
// - An entry is applied once: the applied index is in the same batch as what it did.
// - A refusal changes no record. An entry that cannot be understood throws machine_fault and changes nothing:
//   it is never skipped.
#pragma once

#include <string>

#include "storage/kv.hpp"
#include "storage/loaded_view.hpp"

namespace troupe::storage {

struct applied_entry {
  std::string reply;  // an encoded schema::Reply
  std::string feed;   // an encoded schema::Feed, or empty when there is nothing to tell
};

class applier {
 public:
  applier(shard_id shard, epoch history, kv& store, const machine_set& machines);

  log_index applied() const { return applied_; }
  term applied_term() const { return applied_term_; }
  std::int64_t last_stamp_us() const { return last_stamp_us_; }
  event_seq last_seq() const { return last_seq_; }

  // 'entry' is the data of a command's log entry at 'at', which must follow the last one applied.
  applied_entry apply(log_index at, term entry_term, std::string_view entry);
  // For entries that carry no command (Raft's own): only the applied index moves.
  void skip(log_index at, term entry_term);
  // A fresh shard: its records are empty and stand at the entry that the log begins after.
  void skip_to(log_index at, term entry_term);
  // Reads the applied state again: after start, and after a snapshot was installed.
  void load();

  // Runs a query on one state of the shard. Any thread.
  static std::string answer(const kv_reader& store, shard_id shard, epoch history,
                            const machine_set& machines, std::string_view query);

 private:
  struct work;
  void run(work& w, std::string_view command);
  bool answer_from_cache(work& w);
  void run_machine(work& w);
  void remember_reply(work& w);
  void stage(work& w, const mutations& changes, const loaded_view& before);
  void stage_applied(kv_batch& batch, log_index at, term entry_term) const;
  std::string feed_of(const work& w, const std::vector<std::string>& facts) const;

  shard_id shard_;
  epoch history_;
  kv& store_;
  const machine_set& machines_;
  log_index applied_;
  term applied_term_;
  std::int64_t last_stamp_us_ = 0;
  event_seq last_seq_;
};

}  // namespace troupe::storage
