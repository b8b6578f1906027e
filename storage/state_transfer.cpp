#include "storage/state_transfer.hpp"

#include <kj/exception.h>

#include "protocol/message.hpp"
#include "protocol/schema/transfer.capnp.h"
#include "storage/state_import.hpp"

namespace troupe::storage {

namespace {

constexpr int stumbles_max = 40;
constexpr int refusals_max = 8;
constexpr int beginnings_max = 5;
// Of changes that are put on the records at once: more comes while they are.
constexpr std::uint64_t changes_at_once = 64;

class incoming final : public state_sink {
 public:
  incoming(shard_id shard, kv& store) : shard_(shard), store_(store) {}
  result<done> begin() override {
    if (!has_incoming(store_.latest(), shard_)) return done{};
    auto batch = store_.make_batch();
    stage_no_incoming(*batch, shard_);
    return store_.write(*batch, durability::unlogged);
  }
  result<done> keep(std::uint64_t number, std::string_view chunk) override {
    auto batch = store_.make_batch();
    stage_incoming(*batch, shard_, number, chunk);
    return store_.write(*batch, durability::unlogged);
  }

 private:
  shard_id shard_;
  kv& store_;
};

}  // namespace

std::string encode_state_question(const state_question& q) {
  capnp::MallocMessageBuilder message;
  auto out = message.initRoot<schema::StateQuestion>();
  out.setShard(q.shard.value);
  out.setGeneration(q.generation.value);
  out.setIndex(q.point.index.value);
  out.setTerm(q.point.term.value);
  out.setSnapshot(q.snapshot);
  out.setColumn(static_cast<std::uint8_t>(q.from.where));
  out.setKey(data_of(q.from.key));
  out.setPurpose(static_cast<std::uint8_t>(q.purpose));
  out.setJournal(q.place.journal);
  out.setPart(q.place.part);
  return to_bytes(message);
}

result<state_question> decode_state_question(std::string_view bytes) {
  try {
    message_reader reader(bytes);
    auto in = reader.root<schema::StateQuestion>();
    return state_question{shard_id(in.getShard()),
                          generation(in.getGeneration()),
                          {log_index(in.getIndex()), term(in.getTerm())},
                          in.getSnapshot(),
                          {static_cast<column>(in.getColumn()), std::string(view_of(in.getKey()))},
                          static_cast<state_purpose>(in.getPurpose()),
                          {in.getJournal(), in.getPart()}};
  } catch (const kj::Exception& e) {
    return failure{errc::corrupt,
                   std::string("a question for state cannot be decoded: ") + e.getDescription().cStr()};
  }
}

std::string refuse_state(std::string_view why) {
  capnp::MallocMessageBuilder message;
  message.initRoot<schema::StateAnswer>().setRefused(std::string(why));
  return to_bytes(message);
}

std::string answer_state(const kv_reader& snapshot, std::uint64_t number, const state_question& q,
                         std::size_t chunk_bytes) {
  auto chunk = export_chunk(snapshot, q.shard, q.from, chunk_bytes);
  if (!chunk) return refuse_state(chunk.error().detail);
  capnp::MallocMessageBuilder message(static_cast<unsigned>(chunk->bytes.size() / 8 + 64));
  auto out = message.initRoot<schema::StateAnswer>();
  out.setSnapshot(number);
  out.setChunk(data_of(chunk->bytes));
  out.setColumn(static_cast<std::uint8_t>(chunk->next.where));
  out.setKey(data_of(chunk->next.key));
  out.setJournal(q.place.journal);
  out.setPart(q.place.part);
  return to_bytes(message);
}

std::string answer_changes(const state_question& q, node_id taker, member& from, std::uint64_t now_ms) {
  from.write_out();  // what is applied belongs to it
  auto part = from.journal().at(taker, q.place, now_ms);
  if (!part) return refuse_state("what changed since is not known here any more");
  auto chunk = changes_chunk(q.shard, part->changes, part->applied, part->last);
  capnp::MallocMessageBuilder message(static_cast<unsigned>(chunk.size() / 8 + 64));
  auto out = message.initRoot<schema::StateAnswer>();
  out.setSnapshot(part->next.journal);
  out.setChunk(data_of(chunk));
  out.setJournal(part->next.journal);
  out.setPart(part->next.part);
  return to_bytes(message);
}

// --- the taker

state_taker::state_taker(shard_id shard, state_request wanted, kv& store)
    : shard_(shard),
      wanted_(std::move(wanted)),
      purpose_(wanted_.purpose),
      incoming_(std::make_unique<incoming>(shard, store)),
      sink_(incoming_.get()) {}

result<done> state_taker::begin() {
  snapshot_ = chunks_ = bytes_ = 0;
  next_ = {};
  return sink_->begin();
}

std::string state_taker::question() const {
  return encode_state_question(
      {shard_, wanted_.generation, wanted_.point, snapshot_, next_, purpose_, wanted_.place});
}

state_taker::outcome state_taker::stumble() {
  return ++stumbles_ <= stumbles_max ? outcome::again : outcome::failed;
}

state_taker::outcome state_taker::take(std::string_view answer) {
  if (answer.empty()) return stumble();
  try {
    message_reader reader(answer);
    auto in = reader.root<schema::StateAnswer>();
    if (in.isRefused()) {
      refusal_ = view_of(in.getRefused());
      // Who learns is told again, or goes to another source: it does not wait here.
      bool learns = purpose_ == state_purpose::changes || purpose_ == state_purpose::ahead;
      if (learns && (snapshot_ == 0 || purpose_ == state_purpose::changes)) return outcome::failed;
      if (snapshot_ == 0) return ++refusals_ <= refusals_max ? outcome::again : outcome::failed;
      if (++beginnings_ > beginnings_max) return outcome::failed;
      return begin() ? outcome::anew : outcome::failed;
    }
    if (snapshot_ != 0 && in.getSnapshot() != snapshot_) return stumble();
    auto chunk = view_of(in.getChunk());
    auto facts = check_chunk(shard_, chunk);
    if (!facts) return stumble();
    journal_place place{in.getJournal(), in.getPart()};
    if (purpose_ == state_purpose::changes) return take_changes(*facts, chunk, place);
    if (facts->last && facts->reached < wanted_.point.index) return outcome::failed;
    if (!sink_->keep(chunks_ + 1, chunk)) return stumble();
    stumbles_ = 0;
    ++chunks_;
    bytes_ += chunk.size();
    snapshot_ = in.getSnapshot();
    wanted_.place = place;
    next_ = {static_cast<column>(in.getColumn()), std::string(view_of(in.getKey()))};
    return facts->last ? outcome::complete : outcome::more;
  } catch (const kj::Exception&) {
    return stumble();
  }
}

// Each part once and in order: the place moves on with what is kept. How far they lead is the member's to judge.
state_taker::outcome state_taker::take_changes(const chunk_facts& facts, std::string_view chunk,
                                               const journal_place& next) {
  bool empty = next == wanted_.place;
  if (!empty && next != journal_place{wanted_.place.journal, wanted_.place.part + 1}) return stumble();
  if (!empty && !sink_->keep(chunks_ + 1, chunk)) return stumble();
  stumbles_ = 0;
  chunks_ += empty ? 0 : 1;
  bytes_ += chunk.size();
  wanted_.place = next;
  // A run is put on the records whole.
  bool whole = empty || facts.reached.value != 0;
  return facts.last || (whole && chunks_ >= changes_at_once) ? outcome::complete : outcome::more;
}

// --- the giver

result<std::pair<std::uint64_t, state_giver::snapshot>> state_giver::accept(state_question& q, node_id taker,
                                                                            member& from, kv& store,
                                                                            std::uint64_t now_ms,
                                                                            std::uint64_t fresh) {
  expire(now_ms);
  if (q.snapshot != 0) {
    auto it = held_.find(q.snapshot);
    if (it == held_.end()) return failure{errc::unavailable, "that snapshot is not held any more"};
    it->second.used_ms = now_ms;
    q.place = it->second.place;
    return std::pair(q.snapshot, it->second.reader);
  }
  state_request wanted{node_id{}, q.generation, q.point, 0};
  if (!from.can_give(wanted)) return failure{errc::unavailable, "this node does not hold that state"};
  from.write_out();
  if (!from.can_give(wanted)) return failure{errc::unavailable, "this shard has halted"};
  std::erase_if(held_,
                [&](const auto& h) { return h.second.taker == taker && h.second.purpose == q.purpose; });
  if (held_.size() >= state_snapshots_max) return failure{errc::overloaded, "enough others pull from here"};
  q.place = q.purpose == state_purpose::ahead ? from.journal().begin(taker, now_ms, fresh) : journal_place{};
  snapshot reader(store.snapshot());
  held_[fresh] = {reader, taker, q.purpose, now_ms, q.place};
  return std::pair(fresh, std::move(reader));
}

void state_giver::expire(std::uint64_t now_ms) {
  std::erase_if(held_, [&](const auto& h) { return now_ms >= h.second.used_ms + state_idle_ms_max; });
}

}  // namespace troupe::storage
