/* libraft's I/O-free core behind plain C types: raft_core.c is the only file that includes <raft.h>, which is not C++.
 *
 * Owner: one replica. Every call but the looks is one raft_step: it fills 'update', whose arrays live until the next
 * call. A non-zero result (see raft_core_strerror) left nothing to do. Payloads never pass through the core: entries
 * are a term and a kind, and an update says where they came from.
 * Built against 0.22.1: who owns which memory differs in other versions, so another one does not compile. */
#ifndef TROUPE_STORAGE_RAFT_CORE_H
#define TROUPE_STORAGE_RAFT_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct raft_core;

enum raft_core_role { RAFT_CORE_FOLLOWER = 1, RAFT_CORE_CANDIDATE, RAFT_CORE_LEADER };
enum raft_core_error { RAFT_CORE_NOT_LEADER = -1 }; /* all others are fatal */

struct raft_core_entry {
  uint64_t term;
  uint16_t kind;       /* 1 command, 2 barrier, 3 configuration */
  const char* payload; /* read for kind 3 only */
  size_t payload_bytes;
};

enum raft_core_message_kind {
  RAFT_CORE_APPEND_ENTRIES = 1,
  RAFT_CORE_APPEND_ENTRIES_RESULT,
  RAFT_CORE_REQUEST_VOTE,
  RAFT_CORE_REQUEST_VOTE_RESULT,
  RAFT_CORE_INSTALL_SNAPSHOT,
  RAFT_CORE_TIMEOUT_NOW
};

/* A message from or to 'peer'. Only the members of its kind are set. */
struct raft_core_message {
  enum raft_core_message_kind kind;
  uint64_t peer;
  uint64_t term;
  union {
    struct {
      uint64_t prev_log_index, prev_log_term, leader_commit;
      struct raft_core_entry* entries; /* received only */
      uint32_t entry_count;
    } append_entries;
    struct {
      uint64_t rejected, last_log_index;
      uint16_t features, capacity;
    } append_entries_result;
    struct {
      uint64_t candidate, last_log_index, last_log_term;
      bool disrupt_leader, pre_vote;
    } request_vote;
    struct {
      bool vote_granted, pre_vote;
      uint16_t features, capacity;
    } request_vote_result;
    struct {
      uint64_t last_index, last_term, configuration_index;
    } install_snapshot;
    struct {
      uint64_t last_log_index, last_log_term;
    } timeout_now;
  };
};

struct raft_core_update {
  bool hard_state; /* term or vote changed */
  bool state;      /* the role may have changed */
  bool commit;
  /* Entries to write: the log is cut at first_index, then they follow. */
  uint64_t first_index; /* 0: none */
  const struct raft_core_entry* entries;
  uint32_t entry_count;
  /* The first of them is this one of those submitted or received; -1: a barrier that the core made. */
  int64_t entries_from;
  /* A snapshot to install. */
  uint64_t snapshot_index; /* 0: none */
  uint64_t snapshot_term;
  const struct raft_core_message* messages;
  uint32_t message_count;
};

struct raft_core_view {
  enum raft_core_role role;
  bool installing;
  uint64_t term, vote, leader;
  uint64_t commit, stored, last;
  uint64_t snapshot_index, snapshot_term;
  uint64_t timeout_ms;
  uint64_t transferee; /* 0: none */
};

struct raft_core_options {
  uint64_t self;
  const uint64_t* voters;
  uint32_t voter_count;
  uint32_t seed;
  uint32_t election_ms, heartbeat_ms, install_ms;
};

/* NULL: no memory, or the voters are not distinct and positive. */
struct raft_core* raft_core_new(const struct raft_core_options* options);
void raft_core_free(struct raft_core* core);

int raft_core_start(struct raft_core* core, uint64_t now_ms, uint64_t term, uint64_t vote,
                    uint64_t snapshot_index, uint64_t snapshot_term, uint64_t first_index,
                    const struct raft_core_entry* entries, uint32_t entry_count,
                    struct raft_core_update* update);
int raft_core_receive(struct raft_core* core, uint64_t now_ms, const struct raft_core_message* message,
                      struct raft_core_update* update);
int raft_core_submit(struct raft_core* core, uint64_t now_ms, const struct raft_core_entry* entries,
                     uint32_t entry_count, struct raft_core_update* update);
int raft_core_persisted_entries(struct raft_core* core, uint64_t now_ms, uint64_t index,
                                struct raft_core_update* update);
int raft_core_persisted_snapshot(struct raft_core* core, uint64_t now_ms, uint64_t index, uint64_t term,
                                 struct raft_core_update* update);
int raft_core_snapshot(struct raft_core* core, uint64_t now_ms, uint64_t index, uint64_t term,
                       uint32_t trailing, struct raft_core_update* update);
int raft_core_timeout(struct raft_core* core, uint64_t now_ms, struct raft_core_update* update);
int raft_core_transfer(struct raft_core* core, uint64_t now_ms, uint64_t to, struct raft_core_update* update);

void raft_core_look(const struct raft_core* core, struct raft_core_view* view);
/* What the follower is known to have stored; 0 when not the leader. */
uint64_t raft_core_match_index(const struct raft_core* core, uint64_t peer);
void raft_core_set_inflight_max(struct raft_core* core, uint32_t entries);
const char* raft_core_strerror(int error);

#ifdef __cplusplus
}
#endif
#endif
