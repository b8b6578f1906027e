#include "http/live/reader.hpp"

#include <kj/exception.h>

#include <algorithm>

#include "http/ingest/event_json.hpp"
#include "http/server/text.hpp"
#include "protocol/limits.hpp"
#include "protocol/message.hpp"

namespace troupe::http {

namespace {

constexpr std::size_t waiting_frames_max = 1024;
constexpr std::uint32_t page_events = 500;
constexpr std::uint16_t extended_max = 64;  // times that live ran away

}  // namespace

topic_reader::topic_reader(hub& from, std::shared_ptr<io_thread> home, encoding as, reader_sink& to)
    : hub_(from), home_(std::move(home)), sink_(&to), as_(as) {}

topic_reader::~topic_reader() { end(); }

void topic_reader::end() {
  sink_ = nullptr;
  if (std::exchange(attached_, false)) hub_.detach(*home_, *what_, as_, *this);
  recovery_.reset();
}

std::string topic_reader::offset_of(const position& p) const {
  if (what_->kind != topic_kind::agent) return offset_text(p);
  auto shard = hub_.data().shard_of_agent(what_->org, what_->id);
  return offset_text(shard, p[shard.value]);
}

void topic_reader::when_there(const topic& what, const std::optional<seen>& resume,
                              std::function<void()> then) {
  if (!resume || !what.has_offsets() || resume->epoch != epoch_text(hub_.data().history())) return then();
  auto at = parse_offset(resume->offset, position(hub_.data().shard_count(), 0));
  if (!at) return then();
  hub_.when_at(std::move(*at), home_, std::move(then));
}

topic_reader::joined topic_reader::join(topic what, const std::optional<seen>& resume) {
  auto place = hub_.attach(*home_, std::move(what), as_, shared_from_this());
  attached_ = true;
  what_ = std::move(place.what);
  recovery_ = std::make_unique<recovery>();
  auto& upto = recovery_->upto = std::move(place.at);
  recovery_->seen = upto;
  joined answer{offset_of(upto), std::nullopt, upto};
  if (!resume || !what_->has_offsets()) return answer;
  answer.recovered = false;
  if (resume->epoch != epoch_text(hub_.data().history())) return answer;
  auto from = parse_offset(resume->offset, upto);
  if (!from) return answer;
  std::uint64_t missed = 0;
  for (std::size_t s = 1; s < upto.size(); ++s) {
    if ((*from)[s] > upto[s]) return answer;  // of another history, or of no history at all
    missed += upto[s] - (*from)[s];
  }
  if (missed > limits::recover_events_max) return answer;
  recovery_->seen = std::move(*from);
  answer.recovered = true;
  answer.offset = offset_of(recovery_->seen);
  return answer;
}

void topic_reader::begin() { recover_next(); }

void topic_reader::go_on() {
  if (recovery_ && std::exchange(recovery_->paused, false)) recover_next();
}

void topic_reader::take(const delivery& d) {
  if (!sink_) return;
  if (!recovery_) return sink_->push(*this, d);
  for (auto& f : d.frames) {
    if (!sink_ || !recovery_) return;  // it has fallen behind
    auto& r = *recovery_;
    if (f->last_seq != 0 && f->last_seq <= r.upto[f->shard.value]) continue;  // it is read from the shard
    if (r.waiting.size() < waiting_frames_max) {
      r.waiting.push_back(f);
    } else {
      extend(*f);
    }
  }
}

// Too much waits: what has numbers is read from the shards with the rest.
void topic_reader::extend(const live_frame& last) {
  auto& r = *recovery_;
  if (++r.extended > extended_max) return sink_->fell_behind();
  bool states = false;
  auto let_go = [&](const live_frame& f) {
    auto& upto = r.upto[f.shard.value];
    upto = std::max(upto, f.last_seq);
    states = states || f.last_seq == 0;
  };
  for (auto& f : r.waiting) let_go(*f);
  let_go(last);
  r.waiting.clear();
  if (states) sink_->missed_state(*this);
}

void topic_reader::recover_next() {
  if (!sink_ || !recovery_) return;
  auto& r = *recovery_;
  std::uint16_t shard = 1;
  while (shard < r.upto.size() && r.seen[shard] >= r.upto[shard]) ++shard;
  if (shard == r.upto.size()) return go_live();
  r.paused = !sink_->has_room();
  if (r.paused) return;
  hub_.recoveries(*home_).enter([weak = weak_from_this(), shard] {
    auto self = weak.lock();
    return self && self->ask(shard);
  });
}

bool topic_reader::ask(std::uint16_t shard) {
  if (!sink_ || !recovery_) return false;
  capnp::MallocMessageBuilder message;
  auto query = message.initRoot<schema::Query>();
  query.setOrg(what_->org);
  auto feed = query.initReadFeed();
  feed.setAfterSeq(recovery_->seen[shard]);
  feed.setLimit(page_events);
  if (what_->kind == topic_kind::agent) feed.setAgentId(what_->id);
  if (what_->kind == topic_kind::team) feed.setTeam(what_->id);
  hub_.data().query(shard_id(shard), to_bytes(message), consistency::linearizable,
                    [weak = weak_from_this(), home = home_, from = &hub_, shard](result<std::string> answer) {
                      home->post([weak, home, from, shard, answer = std::move(answer)] {
                        if (auto self = weak.lock()) self->recovered_page(shard, answer);
                        from->recoveries(*home).leave();
                      });
                    });
  return true;
}

void topic_reader::recovered_page(std::uint16_t shard, const result<std::string>& answer) {
  if (!sink_ || !recovery_) return;
  if (!answer) return sink_->fell_behind();
  auto& upto = recovery_->upto[shard];
  try {
    message_reader reader(*answer);
    auto found = reader.root<schema::QueryResult>();
    std::string events;
    std::uint64_t last = std::min(found.getScannedToSeq(), upto);
    if (found.isEvents())
      for (auto stored : found.getEvents()) {
        if (stored.getSeq() > upto) break;
        if (!events.empty()) events.push_back(',');
        ingest::write_event_json(stored.getEvent(), event_seq(stored.getSeq()), shard_id(shard), events);
      }
    if (last <= recovery_->seen[shard]) return sink_->fell_behind();  // retention has taken what was missed
    recovery_->seen[shard] = last;
    if (!events.empty()) push_page(shard_id(shard), last, events);
  } catch (const kj::Exception&) {
    if (sink_) sink_->fell_behind();
    return;
  }
  recover_next();
}

void topic_reader::push_page(shard_id shard, std::uint64_t last, std::string_view events) {
  auto epoch = epoch_text(hub_.data().history());
  auto offset = offset_of(recovery_->seen);
  auto f = std::make_shared<live_frame>();
  f->topic_key = what_->key();
  f->shard = shard;
  f->last_seq = last;
  auto list = concat({"\"events\":[", events, "]}"});
  if (as_ == encoding::channel)
    f->channel = channel_text(json_string(what_->name), "events",
                              concat({"{\"epoch\":\"", epoch, "\",\"offset\":\"", offset, "\",", list}));
  else
    f->stream = std::make_shared<const std::string>(
        stream_text(concat({epoch, ":", offset}), "events", concat({"{", list})));
  frame_ptr one[] = {std::move(f)};
  sink_->push(*this, delivery(one));
}

void topic_reader::go_live() {
  auto waiting = std::move(recovery_->waiting);
  auto upto = std::move(recovery_->upto);
  recovery_.reset();
  for (auto& f : waiting) {
    if (f->last_seq != 0 && f->last_seq <= upto[f->shard.value]) continue;  // read meanwhile
    if (sink_) sink_->push(*this, delivery(std::span(&f, 1)));
  }
}

}  // namespace troupe::http
