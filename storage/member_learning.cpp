// What a node does that is about to become a voter and holds nothing: see member.hpp. It pulls the state while the others go on,
// follows by the giver's journal of changes, and at the seal needs only what came last. Nothing of it is worth anything until
// it enters: after a crash the records of a vacant node are erased.
#include "storage/member.hpp"
#include "storage/snapshot.hpp"

namespace troupe::storage {

namespace {

constexpr std::uint64_t follow_ms = 50;  // from one round of changes to the next
constexpr std::uint64_t finish_ms = 20;  // the same once the seal is known
constexpr int finish_rounds_max = 50;    // then it pulls the state anew

}  // namespace

void member::learn(instant now, node_id from, troupe::generation of) {
  if (fault_ || phase_ != member_phase::vacant || import_ || of < generation_) return;
  if (!learning_ || learning_->of != of) {
    learning_ = learner{.from = from, .of = of};
    want({.from = from, .generation = of, .purpose = state_purpose::ahead});
  }
  learning_->until_ms = now.mono_ms + config_.learning_ms;
}

std::optional<member::learnt> member::learning() const {
  if (!learning_) return std::nullopt;
  return learnt{learning_->of, learning_->reached};
}

// Called when time has passed, and when the seal is known.
void member::learn_on(instant now) {
  auto& l = *learning_;
  bool vacant = phase_ == member_phase::vacant;
  if (!vacant && phase_ != member_phase::pulling) return learning_.reset();
  if (vacant && now.mono_ms >= l.until_ms) return stop_learning(now);
  if (wanted_ || l.import.chunks != 0) return;
  if (!vacant && l.reached == pulling_->point.index) return learnt_some(now);
  if (vacant && now.mono_ms < l.ask_at_ms) return;
  if (!vacant && l.rounds > 0 && now.mono_ms < l.ask_at_ms) return;
  l.rounds += vacant ? 0 : 1;
  l.ask_at_ms = now.mono_ms + (vacant ? follow_ms : finish_ms);
  want({.from = l.from, .generation = l.of, .purpose = state_purpose::changes, .place = l.place});
}

void member::learnt_pulled(instant now, const state_request& wanted, std::uint64_t chunks) {
  if (!learning_) return;
  bool whole = wanted.purpose == state_purpose::ahead;
  // Who gives no journal, an older version, cannot be followed.
  if (wanted.place.journal == 0) return stop_learning(now);
  learning_->place = wanted.place;
  if (chunks == 0) return learnt_some(now);
  auto kind = whole ? state_import::purpose::enter : state_import::purpose::follow;
  learning_->import = {{}, kind, chunks};
  learning_->next = 1;
  host_.import_soon();
}

void member::learnt_import(instant now) {
  auto& l = *learning_;
  auto next = import_some(store_, id(), l.import, l.next);
  if (!next) return next.error().code == errc::corrupt ? stop_learning(now) : halted(next.error());
  l.next = *next;
  if (l.next <= l.import.chunks) return host_.import_soon();
  bool whole = l.import.kind == state_import::purpose::enter;
  l.import.chunks = 0;
  // Most of what has to be on disk before this node may enter is written now, while nobody waits.
  if (whole)
    if (auto flushed = store_.flush(); !flushed) return halted(flushed.error());
  if (auto at = records_point(store_.latest(), id())) l.reached = at->index;
  learnt_some(now);
}

// The records here are as of 'reached'. Is that the seal?
void member::learnt_some(instant now) {
  auto& l = *learning_;
  if (phase_ != member_phase::pulling) return;
  auto at = records_point(store_.latest(), id());
  if (l.reached.value == 0 || !at || l.reached > pulling_->point.index || l.rounds > finish_rounds_max)
    return stop_learning(now);
  if (l.reached < pulling_->point.index) return;
  if (at->term != pulling_->point.term) return stop_learning(now);
  if (auto flushed = store_.flush(); !flushed) return halted(flushed.error());
  auto batch = store_.make_batch();
  stage_no_incoming(*batch, id());
  stage_back(*batch, id());
  enter(generation_change(*pulling_), std::move(batch));
}

// What is here leads nowhere: a vacant node holds nothing again, one that pulls looks for a source of the whole state.
void member::stop_learning(instant now) {
  learning_.reset();
  wanted_.reset();
  announce_at_ms_ = now.mono_ms;
  if (phase_ != member_phase::vacant) return;
  if (auto erased = erase_leftovers(); !erased) halted(erased.error());
}

result<done> member::erase_leftovers() {
  if (!has_records(store_.latest(), id()) && !has_incoming(store_.latest(), id())) return done{};
  auto batch = store_.make_batch();
  stage_no_records(*batch, id());
  stage_no_incoming(*batch, id());
  return store_.write(*batch, durability::unlogged);
}

}  // namespace troupe::storage
