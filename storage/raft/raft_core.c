/* See raft_core.h. Memory, as 0.22.1 has it: an entry's batch is a one-byte token that the core frees unless it hands the
 * entries back, then it is ours; the array of entries stays ours; a configuration given to START, SNAPSHOT,
 * PERSISTED_SNAPSHOT or with InstallSnapshot is the core's, and comes back with the update that asks to install. */
#include "storage/raft/raft_core.h"

#include <raft.h>
#include <stdlib.h>
#include <string.h>

#if RAFT_VERSION_NUMBER != 2201
#error "storage/raft is written for libraft 0.22.1: check memory ownership and docs/decisions/0001 first"
#endif

enum { append_version = 0, result_version = 2, vote_version = 2, vote_result_version = 2 };
enum { configuration_index = 1, address_bytes = 24 };

struct raft_core {
  struct raft raft;
  uint64_t* voters;
  uint32_t voter_count;
  struct raft_entry* given; /* the entries of the step that runs */
  uint32_t given_capacity;
  struct raft_core_entry* entries; /* of the last update */
  uint32_t entries_capacity;
  struct raft_core_message* messages;
  uint32_t messages_capacity;
};

static void format_address(uint64_t id, char out[address_bytes]) {
  char digits[address_bytes];
  size_t n = 0;
  do {
    digits[n++] = (char)('0' + id % 10);
    id /= 10;
  } while (id != 0);
  for (size_t i = 0; i < n; ++i) out[i] = digits[n - 1 - i];
  out[n] = 0;
}

/* Makes room for 'count' items of 'size' bytes in *array. A few kilobytes: without them the process is over. */
static void grow(void** array, uint32_t* capacity, uint32_t count, size_t size) {
  if (count <= *capacity) return;
  uint32_t wanted = *capacity * 2 > count ? *capacity * 2 : count;
  if (wanted < 64) wanted = 64;
  void* bigger = realloc(*array, wanted * size);
  if (bigger == NULL) abort();
  memset((char*)bigger + *capacity * size, 0, (wanted - *capacity) * size);
  *array = bigger;
  *capacity = wanted;
}

static int voters_configuration(const struct raft_core* core, struct raft_configuration* out) {
  raft_configuration_init(out);
  for (uint32_t i = 0; i < core->voter_count; ++i) {
    char address[address_bytes];
    format_address(core->voters[i], address);
    int rv = raft_configuration_add(out, core->voters[i], address, RAFT_VOTER);
    if (rv != 0) {
      raft_configuration_close(out);
      return rv;
    }
  }
  return 0;
}

struct raft_core* raft_core_new(const struct raft_core_options* options) {
  struct raft_core* core = calloc(1, sizeof *core);
  if (core == NULL) return NULL;
  char address[address_bytes];
  format_address(options->self, address);
  core->voters = calloc(options->voter_count, sizeof *core->voters);
  if (core->voters == NULL) goto failed;
  memcpy(core->voters, options->voters, options->voter_count * sizeof *core->voters);
  core->voter_count = options->voter_count;

  struct raft_configuration check;
  if (voters_configuration(core, &check) != 0) goto failed;
  raft_configuration_close(&check);
  if (raft_init(&core->raft, NULL, NULL, options->self, address) != 0) goto failed;
  core->raft.tracer = NULL;
  raft_seed(&core->raft, options->seed);
  raft_set_election_timeout(&core->raft, options->election_ms);
  raft_set_heartbeat_timeout(&core->raft, options->heartbeat_ms);
  raft_set_install_snapshot_timeout(&core->raft, options->install_ms);
  raft_set_pre_vote(&core->raft, true);
  return core;

failed:
  free(core->voters);
  free(core);
  return NULL;
}

void raft_core_free(struct raft_core* core) {
  if (core == NULL) return;
  raft_close(&core->raft, NULL);
  free(core->voters);
  free(core->given);
  free(core->entries);
  free(core->messages);
  free(core);
}

/* core->given from 'entries', with one token for all. */
static void give_entries(struct raft_core* core, const struct raft_core_entry* entries, uint32_t count,
                         void* token) {
  grow((void**)&core->given, &core->given_capacity, count, sizeof *core->given);
  for (uint32_t i = 0; i < count; ++i) {
    struct raft_entry* e = &core->given[i];
    e->term = entries[i].term;
    e->type = (enum raft_entry_type)entries[i].kind;
    e->buf.base = (void*)entries[i].payload;
    e->buf.len = entries[i].payload_bytes;
    e->batch = token;
  }
}

/* Refuses a batch that reaches beyond what was given: the core has miscounted. */
static int take_entries(struct raft_core* core, const struct raft_update* from, uint32_t given,
                        struct raft_core_update* update) {
  const struct raft_entry* batch = from->entries.batch;
  bool own = given > 0 && batch >= core->given && batch < core->given + given;
  if (own && from->entries.n > given - (uint32_t)(batch - core->given)) {
    raft_free(batch[0].batch);
    return RAFT_CORRUPT;
  }
  grow((void**)&core->entries, &core->entries_capacity, from->entries.n, sizeof *core->entries);
  for (uint32_t i = 0; i < from->entries.n; ++i)
    core->entries[i] = (struct raft_core_entry){batch[i].term, (uint16_t)batch[i].type, NULL, 0};
  update->first_index = from->entries.index;
  update->entries = core->entries;
  update->entry_count = from->entries.n;
  update->entries_from = own ? batch - core->given : -1;
  raft_free(batch[0].batch);
  return 0;
}

static void take_message(const struct raft_message* m, struct raft_core_message* out) {
  memset(out, 0, sizeof *out);
  out->peer = m->server_id;
  switch (m->type) {
    case RAFT_APPEND_ENTRIES:
      out->kind = RAFT_CORE_APPEND_ENTRIES;
      out->term = m->append_entries.term;
      out->append_entries.prev_log_index = m->append_entries.prev_log_index;
      out->append_entries.prev_log_term = m->append_entries.prev_log_term;
      out->append_entries.leader_commit = m->append_entries.leader_commit;
      out->append_entries.entry_count = m->append_entries.n_entries;
      break;
    case RAFT_APPEND_ENTRIES_RESULT:
      out->kind = RAFT_CORE_APPEND_ENTRIES_RESULT;
      out->term = m->append_entries_result.term;
      out->append_entries_result.rejected = m->append_entries_result.rejected;
      out->append_entries_result.last_log_index = m->append_entries_result.last_log_index;
      out->append_entries_result.features = m->append_entries_result.features;
      out->append_entries_result.capacity = m->append_entries_result.capacity;
      break;
    case RAFT_REQUEST_VOTE:
      out->kind = RAFT_CORE_REQUEST_VOTE;
      out->term = m->request_vote.term;
      out->request_vote.candidate = m->request_vote.candidate_id;
      out->request_vote.last_log_index = m->request_vote.last_log_index;
      out->request_vote.last_log_term = m->request_vote.last_log_term;
      out->request_vote.disrupt_leader = m->request_vote.disrupt_leader;
      out->request_vote.pre_vote = m->request_vote.pre_vote;
      break;
    case RAFT_REQUEST_VOTE_RESULT:
      out->kind = RAFT_CORE_REQUEST_VOTE_RESULT;
      out->term = m->request_vote_result.term;
      out->request_vote_result.vote_granted = m->request_vote_result.vote_granted;
      out->request_vote_result.pre_vote = m->request_vote_result.pre_vote;
      out->request_vote_result.features = m->request_vote_result.features;
      out->request_vote_result.capacity = m->request_vote_result.capacity;
      break;
    case RAFT_INSTALL_SNAPSHOT:
      out->kind = RAFT_CORE_INSTALL_SNAPSHOT;
      out->term = m->install_snapshot.term;
      out->install_snapshot.last_index = m->install_snapshot.last_index;
      out->install_snapshot.last_term = m->install_snapshot.last_term;
      out->install_snapshot.configuration_index = m->install_snapshot.conf_index;
      break;
    case RAFT_TIMEOUT_NOW:
      out->kind = RAFT_CORE_TIMEOUT_NOW;
      out->term = m->timeout_now.term;
      out->timeout_now.last_log_index = m->timeout_now.last_log_index;
      out->timeout_now.last_log_term = m->timeout_now.last_log_term;
      break;
  }
}

/* One raft_step. 'given' is how many of core->given it may hand back. */
static int step(struct raft_core* core, struct raft_event* event, uint32_t given,
                struct raft_core_update* update) {
  struct raft_update out;
  memset(&out, 0, sizeof out);
  memset(update, 0, sizeof *update);
  int rv = raft_step(&core->raft, event, &out);
  if (rv != 0) return rv == RAFT_NOTLEADER ? (int)RAFT_CORE_NOT_LEADER : rv;

  update->hard_state = (out.flags & (unsigned)((RAFT_UPDATE_CURRENT_TERM) | (RAFT_UPDATE_VOTED_FOR))) != 0;
  update->state = (out.flags & (unsigned)(RAFT_UPDATE_STATE)) != 0;
  update->commit = (out.flags & (unsigned)(RAFT_UPDATE_COMMIT_INDEX)) != 0;
  if ((out.flags & (unsigned)(RAFT_UPDATE_ENTRIES)) != 0) {
    rv = take_entries(core, &out, given, update);
    if (rv != 0) return rv;
  }
  if ((out.flags & (unsigned)(RAFT_UPDATE_SNAPSHOT)) != 0) {
    update->snapshot_index = out.snapshot.metadata.index;
    update->snapshot_term = out.snapshot.metadata.term;
    raft_configuration_close(&out.snapshot.metadata.configuration);
  }
  if ((out.flags & (unsigned)(RAFT_UPDATE_MESSAGES)) != 0) {
    grow((void**)&core->messages, &core->messages_capacity, out.messages.n, sizeof *core->messages);
    for (uint32_t i = 0; i < out.messages.n; ++i) take_message(&out.messages.batch[i], &core->messages[i]);
    update->messages = core->messages;
    update->message_count = out.messages.n;
  }
  return 0;
}

static struct raft_event event_of(enum raft_event_type type, uint64_t now_ms) {
  struct raft_event event;
  memset(&event, 0, sizeof event);
  event.type = type;
  event.time = now_ms;
  return event;
}

static int metadata_of(const struct raft_core* core, uint64_t index, uint64_t term,
                       struct raft_snapshot_metadata* out) {
  memset(out, 0, sizeof *out);
  out->index = index;
  out->term = term;
  out->configuration_index = configuration_index;
  return voters_configuration(core, &out->configuration);
}

int raft_core_start(struct raft_core* core, uint64_t now_ms, uint64_t term, uint64_t vote,
                    uint64_t snapshot_index, uint64_t snapshot_term, uint64_t first_index,
                    const struct raft_core_entry* entries, uint32_t entry_count,
                    struct raft_core_update* update) {
  struct raft_snapshot_metadata metadata;
  int rv = metadata_of(core, snapshot_index, snapshot_term, &metadata);
  if (rv != 0) return rv;
  give_entries(core, entries, entry_count, NULL);
  struct raft_event event = event_of(RAFT_START, now_ms);
  event.start.term = term;
  event.start.voted_for = vote;
  event.start.metadata = &metadata;
  event.start.start_index = first_index;
  event.start.entries = core->given;
  event.start.n_entries = entry_count;
  return step(core, &event, 0, update);
}

static int receive_append(struct raft_core* core, struct raft_event* event, const struct raft_core_message* m,
                          struct raft_core_update* update) {
  struct raft_append_entries* to = &event->receive.message->append_entries;
  void* token = NULL;
  to->version = append_version;
  to->term = m->term;
  to->prev_log_index = m->append_entries.prev_log_index;
  to->prev_log_term = m->append_entries.prev_log_term;
  to->leader_commit = m->append_entries.leader_commit;
  if (m->append_entries.entry_count > 0) {
    token = raft_malloc(1);
    if (token == NULL) return RAFT_NOMEM;
    give_entries(core, m->append_entries.entries, m->append_entries.entry_count, token);
    to->entries = core->given;
    to->n_entries = m->append_entries.entry_count;
  }
  return step(core, event, m->append_entries.entry_count, update);
}

int raft_core_receive(struct raft_core* core, uint64_t now_ms, const struct raft_core_message* m,
                      struct raft_core_update* update) {
  char address[address_bytes];
  format_address(m->peer, address);
  struct raft_message message;
  memset(&message, 0, sizeof message);
  message.server_id = m->peer;
  message.server_address = address;
  struct raft_event event = event_of(RAFT_RECEIVE, now_ms);
  event.receive.message = &message;
  switch (m->kind) {
    case RAFT_CORE_APPEND_ENTRIES:
      message.type = RAFT_APPEND_ENTRIES;
      return receive_append(core, &event, m, update);
    case RAFT_CORE_APPEND_ENTRIES_RESULT:
      message.type = RAFT_APPEND_ENTRIES_RESULT;
      message.append_entries_result.version = result_version;
      message.append_entries_result.term = m->term;
      message.append_entries_result.rejected = m->append_entries_result.rejected;
      message.append_entries_result.last_log_index = m->append_entries_result.last_log_index;
      message.append_entries_result.features = m->append_entries_result.features;
      message.append_entries_result.capacity = m->append_entries_result.capacity;
      break;
    case RAFT_CORE_REQUEST_VOTE:
      message.type = RAFT_REQUEST_VOTE;
      message.request_vote.version = vote_version;
      message.request_vote.term = m->term;
      message.request_vote.candidate_id = m->request_vote.candidate;
      message.request_vote.last_log_index = m->request_vote.last_log_index;
      message.request_vote.last_log_term = m->request_vote.last_log_term;
      message.request_vote.disrupt_leader = m->request_vote.disrupt_leader;
      message.request_vote.pre_vote = m->request_vote.pre_vote;
      break;
    case RAFT_CORE_REQUEST_VOTE_RESULT:
      message.type = RAFT_REQUEST_VOTE_RESULT;
      message.request_vote_result.version = vote_result_version;
      message.request_vote_result.term = m->term;
      message.request_vote_result.vote_granted = m->request_vote_result.vote_granted;
      message.request_vote_result.pre_vote = m->request_vote_result.pre_vote;
      message.request_vote_result.features = m->request_vote_result.features;
      message.request_vote_result.capacity = m->request_vote_result.capacity;
      break;
    case RAFT_CORE_INSTALL_SNAPSHOT:
      message.type = RAFT_INSTALL_SNAPSHOT;
      message.install_snapshot.version = 0;
      message.install_snapshot.term = m->term;
      message.install_snapshot.last_index = m->install_snapshot.last_index;
      message.install_snapshot.last_term = m->install_snapshot.last_term;
      message.install_snapshot.conf_index = configuration_index;
      if (voters_configuration(core, &message.install_snapshot.conf) != 0) return RAFT_NOMEM;
      break;
    case RAFT_CORE_TIMEOUT_NOW:
      message.type = RAFT_TIMEOUT_NOW;
      message.timeout_now.version = 0;
      message.timeout_now.term = m->term;
      message.timeout_now.last_log_index = m->timeout_now.last_log_index;
      message.timeout_now.last_log_term = m->timeout_now.last_log_term;
      break;
    default: return RAFT_INVALID;
  }
  return step(core, &event, 0, update);
}

int raft_core_submit(struct raft_core* core, uint64_t now_ms, const struct raft_core_entry* entries,
                     uint32_t entry_count, struct raft_core_update* update) {
  void* token = raft_malloc(1);
  if (token == NULL) return RAFT_NOMEM;
  give_entries(core, entries, entry_count, token);
  struct raft_event event = event_of(RAFT_SUBMIT, now_ms);
  event.submit.entries = core->given;
  event.submit.n = entry_count;
  int rv = step(core, &event, entry_count, update);
  if (rv != 0 && rv != RAFT_CORRUPT) raft_free(token); /* corrupt: take_entries has done it */
  return rv;
}

int raft_core_persisted_entries(struct raft_core* core, uint64_t now_ms, uint64_t index,
                                struct raft_core_update* update) {
  struct raft_event event = event_of(RAFT_PERSISTED_ENTRIES, now_ms);
  event.persisted_entries.index = index;
  return step(core, &event, 0, update);
}

int raft_core_persisted_snapshot(struct raft_core* core, uint64_t now_ms, uint64_t index, uint64_t term,
                                 struct raft_core_update* update) {
  struct raft_event event = event_of(RAFT_PERSISTED_SNAPSHOT, now_ms);
  int rv = metadata_of(core, index, term, &event.persisted_snapshot.metadata);
  if (rv != 0) return rv;
  event.persisted_snapshot.last = true;
  return step(core, &event, 0, update);
}

int raft_core_snapshot(struct raft_core* core, uint64_t now_ms, uint64_t index, uint64_t term,
                       uint32_t trailing, struct raft_core_update* update) {
  struct raft_event event = event_of(RAFT_SNAPSHOT, now_ms);
  int rv = metadata_of(core, index, term, &event.snapshot.metadata);
  if (rv != 0) return rv;
  event.snapshot.trailing = trailing;
  return step(core, &event, 0, update);
}

int raft_core_timeout(struct raft_core* core, uint64_t now_ms, struct raft_core_update* update) {
  struct raft_event event = event_of(RAFT_TIMEOUT, now_ms);
  return step(core, &event, 0, update);
}

int raft_core_transfer(struct raft_core* core, uint64_t now_ms, uint64_t to,
                       struct raft_core_update* update) {
  struct raft_event event = event_of(RAFT_TRANSFER, now_ms);
  event.transfer.server_id = to;
  return step(core, &event, 0, update);
}

void raft_core_look(const struct raft_core* core, struct raft_core_view* view) {
  struct raft* r = (struct raft*)&core->raft; /* the library's looks are not const */
  const char* address;
  raft_id leader = 0;
  raft_leader(r, &leader, &address);
  view->role = (enum raft_core_role)raft_state(r);
  view->installing = r->snapshot.installing;
  view->term = raft_current_term(r);
  view->vote = raft_voted_for(r);
  view->leader = leader;
  view->commit = raft_commit_index(r);
  view->stored = r->last_stored;
  view->last = raft_last_index(r);
  view->snapshot_index = r->trail.snapshot.index;
  view->snapshot_term = r->trail.snapshot.term;
  view->timeout_ms = raft_timeout(r);
  view->transferee = raft_transferee(r);
}

uint64_t raft_core_match_index(const struct raft_core* core, uint64_t peer) {
  raft_index index = 0;
  return raft_match_index(&core->raft, peer, &index) == 0 ? index : 0;
}

void raft_core_set_inflight_max(struct raft_core* core, uint32_t entries) {
  raft_set_max_inflight_entries(&core->raft, entries);
}

const char* raft_core_strerror(int error) {
  return error == (int)RAFT_CORE_NOT_LEADER ? "not the leader" : raft_strerror(error);
}
