#include "storage/member.hpp"

#include <kj/exception.h>

#include <algorithm>

#include "protocol/message.hpp"
#include "protocol/schema/raft_message.capnp.h"

namespace troupe::storage {

namespace {

failure elsewhere() {
  return {errc::not_leader, "this node holds no replica of the shard: send it to another",
          std::chrono::milliseconds(100)};
}

generation generation_in(std::string_view raft_message) {
  try {
    return generation(message_reader(raft_message).root<schema::RaftMessage>().getGeneration());
  } catch (const kj::Exception&) {
    return {};
  }
}

}  // namespace

std::string_view to_string(member_phase p) {
  switch (p) {
    case member_phase::vacant: return "vacant";
    case member_phase::pulling: return "pulling";
    case member_phase::voting: return "voting";
    case member_phase::entering: return "entering";
    case member_phase::retired: return "retired";
  }
  return "?";
}

void member_host::pull_snapshot(node_id, const snapshot_point&) {
  must(false, "a member's host is asked by pull_state");
}

member::member(shard_config config, kv& store, const machine_set& machines, member_host& host,
               replica_guards guards)
    : config_(std::move(config)), store_(store), machines_(machines), host_(host), guards_(guards) {}

member::~member() = default;

// --- life

result<done> member::start(instant now) {
  try {
    // What an earlier instance wrote and could not sync is visible: this one takes all it sees for durable.
    if (auto synced = store_.sync(); !synced) return synced;
    if (auto begun = load_import(store_.latest(), id())) {
      // It crashed while its records were being replaced: the chunks are all there, it goes on with them.
      phase_ = member_phase::pulling;
      generation_ = begun->change.generation;
      voters_ = begun->change.voters;
      import_ = running_import{std::move(*begun), 1, {}};
      host_.import_soon();
      return done{};
    }
    if (has_incoming(store_.latest(), id())) {  // of a pull that did not come to its end
      auto batch = store_.make_batch();
      stage_no_incoming(*batch, id());
      if (auto gone = store_.write(*batch, durability::unlogged); !gone) return gone;
    }
    auto kept = load_snapshot(store_.latest(), id());
    if (!kept) {
      if (auto left = load_left(store_.latest(), id())) {
        generation_ = left->generation;
        change_ = std::move(left);
        return erase_leftovers();
      }
      if (config_.raft.voters.empty()) return erase_leftovers();
      generation_ = generation(1);
      voters_ = config_.raft.voters;
      return open(now);
    }
    generation_ = kept->generation;
    voters_ = kept->voters;
    if (auto next = load_change(store_.latest(), id(), generation(generation_.value + 1))) {
      take_over(now, std::move(*next));
      return done{};
    }
    change_ = load_change(store_.latest(), id(), generation_);
    return open(now);
  } catch (const storage_fault& e) {
    return failure{e.code, "shard " + std::to_string(id().value) + ": " + e.what()};
  } catch (const kj::Exception& e) {
    return failure{errc::corrupt, "shard " + std::to_string(id().value) +
                                      ": a record cannot be decoded: " + e.getDescription().cStr()};
  }
  return done{};
}

result<done> member::open(instant now) {
  auto config = config_;
  config.raft.generation = generation_;
  config.raft.voters = voters_;
  phase_ = member_phase::voting;
  entered_ = {config_.raft.self};
  announce_at_ms_ = now.mono_ms;
  shard_ =
      std::make_unique<storage::shard>(config, store_, machines_, static_cast<shard_host&>(*this), guards_);
  if (refusing_) shard_->refuse_writes(refusing_);
  shard_->tell_runs(
      [this](std::string_view changes, std::string_view applied) { journal_.add(changes, applied); });
  auto started = shard_->start(now);
  host_.generation_changed(generation_, voters_);
  if (started) after(now);
  return started;
}

void member::close_shard() {
  if (!shard_) return;
  // Nothing of before may come after what the member writes next.
  if (!fault_) static_cast<void>(shard_->write_out());
  shard_->leave();
  shard_.reset();
  finishing_.reset();
  lanes_.clear();
}

void member::halted(const failure& why) {
  if (fault_) return;
  fault_ = why;
  host_.halted(why);
}

void member::write_failed(const failure& why) {
  if (shard_) return shard_->write_failed(why);
  halted(why);
}

// What every call ends with: has the replica come to the seal? Not within its own call: it is destroyed here.
void member::after(instant now) {
  if (shard_ && !fault_ && shard_->next()) take_over(now, *shard_->next());
  if (journal_.is_kept()) journal_.expire(now.mono_ms);
  if (learning_ && !fault_) learn_on(now);
  if (fault_ || now.mono_ms < announce_at_ms_) return;
  if (tells()) announce(now);
  if (phase_ == member_phase::pulling && !waits_for_state()) ask_for_source(now);
}

// --- from one generation to the next

// The state here is the one at the seal.
void member::take_over(instant now, generation_change next) {
  close_shard();
  journal_.close();
  if (fault_) return;
  if (!next.has(config_.raft.self)) return retire(now, std::move(next));
  // The log that made this state goes: it must not depend on it any more.
  if (auto flushed = store_.flush(); !flushed) return halted(flushed.error());
  enter(next, store_.make_batch());
}

void member::enter(const generation_change& next, std::unique_ptr<kv_batch> batch) {
  stage_hard_state(*batch, id(), {next.point.term, node_id{}});
  stage_erase(*batch, id(), log_index(0), log_index(0));
  stage_snapshot(*batch, id(),
                 {next.point, log_index(next.point.index.value + 1), next.generation, next.voters});
  stage_no_changes(*batch, id());
  stage_change(*batch, id(), next);
  phase_ = member_phase::entering;
  generation_ = next.generation;
  voters_ = next.voters;
  change_ = next;
  entered_.clear();
  wanted_.reset();
  pulling_.reset();
  learning_.reset();
  entering_ = write_own(std::move(batch));
}

void member::retire(instant now, generation_change next) {
  phase_ = member_phase::retired;
  generation_ = next.generation;
  voters_ = next.voters;
  change_ = std::move(next);
  entered_.clear();
  announce_at_ms_ = now.mono_ms;
  host_.generation_changed({}, {});
}

void member::give_up(const generation_change& without) {
  close_shard();
  journal_.clear();
  learning_.reset();
  auto batch = store_.make_batch();
  stage_left(*batch, id(), without);
  write_own(std::move(batch));
  phase_ = member_phase::vacant;
  change_ = without;
  generation_ = without.generation;
  voters_.clear();
  wanted_.reset();
  pulling_.reset();
  host_.generation_changed({}, {});
}

// --- telling

void member::announce(instant now) {
  announce_at_ms_ = now.mono_ms + config_.announce_ms;
  bool all = true;
  for (auto v : change_->voters) {
    if (entered_.contains(v)) continue;
    all = false;
    tell(v, *change_);
  }
  if (!all) return;
  if (phase_ == member_phase::retired) return give_up({generation_, voters_, {}});
  auto batch = store_.make_batch();
  stage_change_done(*batch, id(), change_->generation);
  write_own(std::move(batch));
  change_.reset();
}

void member::tell(node_id to, generation_change change) {
  host_.send_generation(to, encode_generation_message({id(), config_.raft.self, std::move(change)}));
}

void member::entered(instant now, node_id from, generation which) {
  if (phase_ == member_phase::pulling && !import_ && pulling_->has(from)) {
    if (which > pulling_->generation) return stop_pulling(now);
    if (which == pulling_->generation && !waits_for_state())
      return pull(now, from, generation_change(*pulling_));
  }
  if (phase_ == member_phase::vacant || !change_ || !change_->has(from) || which < change_->generation)
    return;
  entered_.insert(from);
  // The first leader of a generation is wanted at once: its clients wait.
  if (phase_ == member_phase::voting && entered_.size() > voters_.size() / 2) shard_->campaign(now);
  // It is past the next generation: a majority of that had the state.
  if (phase_ == member_phase::retired && which > change_->generation) give_up({generation_, voters_, {}});
}

bool member::tells() const {
  return change_ && (phase_ == member_phase::voting || phase_ == member_phase::retired);
}

bool member::stands_in(generation g) const {
  return phase_ == member_phase::voting && generation_ == g && !fault_;
}

void member::began(instant now, node_id from, const generation_change& change) {
  bool past =
      change.generation < generation_ &&
      (phase_ == member_phase::voting || phase_ == member_phase::retired || phase_ == member_phase::vacant);
  if (past || stands_in(change.generation)) {
    host_.send_generation(from, encode_generation_message({id(), config_.raft.self, generation_}));
    return;
  }
  // The step into the state that was pulled comes first; then we are told again.
  if (import_) return;
  bool waits = phase_ == member_phase::pulling && pulling_ && pulling_->generation >= change.generation;
  if (waits && !waits_for_state() && pulling_->generation == change.generation)
    return pull(now, from, change);
  if (waits || phase_ == member_phase::entering || change.generation <= generation_) return;
  catch_up(now, from, change);
}

// This node is behind: it has the seal and does not know, or the data of an earlier generation, or none.
void member::catch_up(instant now, node_id from, const generation_change& change) {
  if (phase_ == member_phase::voting && change.generation.value == generation_.value + 1 &&
      change.point.index.value != 0 && finish(change))
    return;
  bool wanted = change.has(config_.raft.self);
  if (wanted && change.point.index.value != 0) return pull(now, from, change);
  if (!wanted && phase_ != member_phase::vacant) give_up(change);
}

// False: this replica does not come to the seal by itself.
bool member::finish(const generation_change& change) {
  auto reached = shard_->finish_at(change.point);
  finishing_ = reached == storage::shard::reach::later ? std::optional(change) : std::nullopt;
  return reached != storage::shard::reach::never || fault_;
}

void member::pull(instant now, node_id from, const generation_change& wanted) {
  close_shard();
  if (phase_ != member_phase::pulling) before_pulling_ = phase_;
  phase_ = member_phase::pulling;
  announce_at_ms_ = now.mono_ms + config_.announce_ms;
  pulling_ = wanted;
  // What it has learnt leads to the state at the seal.
  if (learning_ && learning_->of.value + 1 == wanted.generation.value) return learn_on(now);
  learning_.reset();
  want({from, wanted.generation, wanted.point});
}

// When all that was handed to the log writer before is in the store.
void member::want(state_request wanted) {
  wanted.number = ++pulls_;
  wanted_ = std::move(wanted);
  // What follows a state comes after that one, which has waited.
  if (wanted_->purpose == state_purpose::changes) return host_.pull_state(state_request(*wanted_));
  pull_after_ = write_own(store_.make_batch());
}

// That generation is over, or has been left by who knew its state.
void member::stop_pulling(instant now) {
  pulling_.reset();
  wanted_.reset();
  phase_ = before_pulling_;
  announce_at_ms_ = now.mono_ms;
  stop_learning(now);  // what it had learnt before stays no longer, also if it had stopped then
  if (phase_ == member_phase::voting) enter_again();
}

// Whoever is in that generation answers so, and whoever is past it.
void member::ask_for_source(instant now) {
  announce_at_ms_ = now.mono_ms + config_.announce_ms;
  for (auto v : pulling_->voters)
    if (v != config_.raft.self) tell(v, *pulling_);
}

// A new replica of the same generation, when all that the earlier one wrote is on disk.
void member::enter_again() {
  close_shard();
  phase_ = member_phase::entering;
  entering_ = write_own(store_.make_batch());
}

bool member::can_give(const state_request& wanted) const {
  if (fault_ || import_ || generation_ != wanted.generation) return false;
  if (phase_ == member_phase::voting) return shard_->applied() >= wanted.point.index && !shard_->next();
  return phase_ == member_phase::retired;
}

// --- pulling

void member::pull_snapshot(node_id from, const snapshot_point& point) { want({from, generation_, point}); }

void member::pulled(instant now, const state_request& wanted, std::uint64_t chunks) {
  if (fault_ || !wanted_ || wanted_->number != wanted.number) return;
  wanted_.reset();
  if (wanted.purpose != state_purpose::replica) return learnt_pulled(now, wanted, chunks);
  journal_.clear();  // the records are replaced
  running_import next{{{generation_, voters_, wanted.point}, state_import::purpose::install, chunks}, 0, {}};
  if (phase_ != member_phase::voting)
    next.what = {*pulling_, state_import::purpose::enter, chunks};
  else if (auto shown = shard_->write_out(); !shown)  // nothing of before may come after the new records
    return;
  // The chunks first, then the mark that says they are all there.
  if (auto flushed = store_.flush(); !flushed) return halted(flushed.error());
  auto batch = store_.make_batch();
  stage_import_begun(*batch, id(), next.what);
  next.mark = write_own(std::move(batch));
  import_ = std::move(next);
}

void member::import_written() {
  import_->mark.reset();
  import_->next = 1;
  host_.import_soon();
}

void member::import_more(instant now) {
  if (learning_ && learning_->import.chunks != 0 && !fault_) return learnt_import(now);
  if (fault_ || !import_ || import_->next == 0) return;
  if (import_->next > import_->what.chunks) return finish_import(now);
  auto next = import_some(store_, id(), import_->what, import_->next);
  if (!next) return halted(next.error());
  import_->next = *next;
  host_.import_soon();
}

// The records are those of the state: now what it is for, in one write.
void member::finish_import(instant now) {
  if (auto flushed = store_.flush(); !flushed) return halted(flushed.error());
  auto import = std::move(import_->what);
  import_.reset();
  auto batch = store_.make_batch();
  stage_import_done(*batch, id());
  if (import.kind == state_import::purpose::enter) {
    stage_back(*batch, id());
    return enter(import.change, std::move(batch));
  }
  if (shard_) {
    auto installed = shard_->install(now, import.change.point, std::move(batch));
    if (!installed) halted(installed.error());
    return after(now);
  }
  // After a restart in between: the replica opens on the state as on any other.
  stage_erase(*batch, id(), log_index(0), log_index(0));
  stage_snapshot(*batch, id(),
                 {import.change.point, log_index(import.change.point.index.value + 1), generation_, voters_});
  change_ = load_change(store_.latest(), id(), generation_);
  phase_ = member_phase::entering;
  entering_ = write_own(std::move(batch));
}

void member::pull_failed(instant now, const state_request& wanted) {
  if (!wanted_ || wanted_->number != wanted.number) return;
  wanted_.reset();
  if (wanted.purpose != state_purpose::replica) return learning_ ? stop_learning(now) : void();
  // A replica that waits for its snapshot can't go on by itself; who has none looks for another source.
  announce_at_ms_ = now.mono_ms;
  if (phase_ == member_phase::voting) enter_again();
}

// --- disk

write_ticket member::write_own(std::unique_ptr<kv_batch> batch) {
  write_ticket ticket(++tickets_);
  host_.write(std::move(batch), ticket);
  return ticket;
}

void member::write(std::unique_ptr<kv_batch> batch, write_ticket ticket) {
  ++tickets_;
  lanes_.emplace_back(write_ticket(tickets_), ticket);
  host_.write(std::move(batch), write_ticket(tickets_));
}

void member::written(instant now, write_ticket ticket) {
  if (fault_) return;
  std::optional<write_ticket> inner;
  while (!lanes_.empty() && lanes_.front().first <= ticket) {
    inner = lanes_.front().second;
    lanes_.pop_front();
  }
  if (shard_ && inner) shard_->written(now, *inner);
  if (shard_ && finishing_ && !fault_) finish(generation_change(*finishing_));
  if (pull_after_ && *pull_after_ <= ticket) {
    pull_after_.reset();
    if (wanted_) host_.pull_state(*wanted_);
  }
  if (import_ && import_->mark && *import_->mark <= ticket) import_written();
  if (entering_ && *entering_ <= ticket) {
    entering_.reset();
    auto opened = open(now);
    if (!opened) halted(opened.error());
  }
  after(now);
}

// --- requests and messages

void member::tick(instant now) {
  if (fault_) return;
  if (shard_) shard_->tick(now);
  after(now);
}

std::uint64_t member::next_timeout_ms() const {
  if (fault_) return ~std::uint64_t{0};
  auto next = shard_ ? shard_->next_timeout_ms() : ~std::uint64_t{0};
  if (learning_ && phase_ == member_phase::vacant) next = std::min(next, learning_->until_ms);
  if (learning_ && !wanted_ && learning_->import.chunks == 0) next = std::min(next, learning_->ask_at_ms);
  bool asks = phase_ == member_phase::pulling && !waits_for_state();
  return tells() || asks ? std::min(next, announce_at_ms_) : next;
}

void member::propose(instant now, request_id request, std::string command) {
  if (!shard_) return host_.replied(request, fault_ ? *fault_ : elsewhere());
  shard_->propose(now, request, std::move(command));
  after(now);
}

void member::read(instant now, read_id request) {
  if (!shard_) return host_.read_failed(request);
  shard_->read(now, request);
  after(now);
}

result<term> member::transfer(instant now, node_id to) {
  if (!shard_) return elsewhere();
  auto outcome = shard_->transfer(now, to);
  after(now);
  return outcome;
}

void member::lost(instant now, node_id peer) {
  if (!shard_) return;
  shard_->lost(now, peer);
  after(now);
}

void member::write_out() {
  if (shard_) static_cast<void>(shard_->write_out());
}

void member::refuse_writes(std::optional<failure> why) {
  refusing_ = why;
  if (shard_) shard_->refuse_writes(std::move(why));
}

void member::receive(instant now, node_id from, std::string_view message) {
  if (fault_) return;
  auto spoken = generation_in(message);
  if (shard_ && spoken == generation_) {
    shard_->receive(now, from, message);
  } else if (spoken.value != 0 && spoken < generation_ && phase_ != member_phase::pulling) {
    auto& last = told_ms_[from];
    if (now.mono_ms < last + config_.announce_ms) return;
    last = now.mono_ms;
    tell(from, change_ ? *change_ : generation_change{generation_, voters_, {}});
  }
  after(now);
}

void member::receive_generation(instant now, node_id from, std::string_view bytes) {
  if (fault_) return;
  auto message = decode_generation_message(bytes);
  if (!message || message->shard != id() || message->from != from) return;
  if (auto* change = std::get_if<generation_change>(&message->what))
    began(now, from, *change);
  else
    entered(now, from, std::get<generation>(message->what));
  after(now);
}

}  // namespace troupe::storage
