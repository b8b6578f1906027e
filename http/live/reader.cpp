#include "http/live/reader.hpp"

#include <kj/exception.h>

#include <algorithm>

#include "http/ingest/event_json.hpp"
#include "protocol/limits.hpp"
#include "protocol/message.hpp"

namespace troupe::http {

namespace {

constexpr std::size_t waiting_frames_max = 1024;
constexpr std::uint32_t page_events = 500;

}  // namespace

topic_reader::topic_reader(hub& from, std::shared_ptr<io_thread> home, topic what, encoding as,
                           reader_sink& to)
    : hub_(from), home_(std::move(home)), what_(std::move(what)), as_(as), sink_(&to) {}

topic_reader::~topic_reader() { end(); }

void topic_reader::end() {
  sink_ = nullptr;
  if (std::exchange(attached_, false)) hub_.detach(*home_, what_, as_, *this);
  waiting_.clear();
}

std::string topic_reader::offset_of(const position& p) const {
  if (what_.kind != topic_kind::agent) return offset_text(p);
  auto shard = hub_.data().shard_of_agent(what_.org, what_.id);
  return offset_text(shard, p[shard.value]);
}

topic_reader::joined topic_reader::join(std::optional<std::pair<std::string, std::string>> resume) {
  start_ = hub_.attach(*home_, what_, as_, *this);
  attached_ = true;
  seen_ = start_;
  joined answer{offset_of(start_), std::nullopt};
  if (!resume || !what_.has_offsets()) return answer;
  answer.recovered = false;
  if (resume->first != epoch_text(hub_.data().history())) return answer;
  auto from = parse_offset(resume->second, start_);
  if (!from) return answer;
  std::uint64_t missed = 0;
  for (std::size_t s = 1; s < start_.size(); ++s) {
    if ((*from)[s] > start_[s]) return answer;  // of another history, or of no history at all
    missed += start_[s] - (*from)[s];
  }
  if (missed > limits::recover_events_max) return answer;
  seen_ = std::move(*from);
  answer.recovered = true;
  answer.offset = offset_of(seen_);
  return answer;
}

void topic_reader::begin() { recover_next(); }

void topic_reader::go_on() {
  if (std::exchange(paused_, false)) recover_next();
}

void topic_reader::take(const frame_ptr& f) {
  if (!sink_) return;
  if (f->last_seq != 0 && f->last_seq <= start_[f->shard.value]) return;
  if (live_) return sink_->push(f);
  if (waiting_.size() >= waiting_frames_max) return sink_->fell_behind();
  waiting_.push_back(f);
}

void topic_reader::recover_next() {
  if (!sink_) return;
  std::uint16_t shard = 1;
  while (shard < start_.size() && seen_[shard] >= start_[shard]) ++shard;
  if (shard == start_.size()) return go_live();
  paused_ = !sink_->has_room();
  if (paused_) return;
  recovering_ = shard;
  capnp::MallocMessageBuilder message;
  auto query = message.initRoot<schema::Query>();
  query.setOrg(what_.org);
  auto feed = query.initReadFeed();
  feed.setAfterSeq(seen_[shard]);
  feed.setLimit(page_events);
  if (what_.kind == topic_kind::agent) feed.setAgentId(what_.id);
  if (what_.kind == topic_kind::team) feed.setTeam(what_.id);
  hub_.data().query(shard_id(shard), to_bytes(message), consistency::linearizable,
                    [weak = weak_from_this(), home = home_, shard](result<std::string> answer) {
                      home->post([weak, shard, answer = std::move(answer)]() mutable {
                        if (auto self = weak.lock()) self->recovered_page(shard, std::move(answer));
                      });
                    });
}

void topic_reader::recovered_page(std::uint16_t shard, result<std::string> answer) {
  if (!sink_) return;
  if (!answer) return sink_->fell_behind();
  try {
    message_reader reader(*answer);
    auto found = reader.root<schema::QueryResult>();
    std::string events;
    std::uint64_t last = std::min(found.getScannedToSeq(), start_[shard]);
    if (found.isEvents())
      for (auto stored : found.getEvents()) {
        if (stored.getSeq() > start_[shard]) break;
        if (!events.empty()) events.push_back(',');
        ingest::write_event_json(stored.getEvent(), event_seq(stored.getSeq()), shard_id(shard), events);
      }
    if (last <= seen_[shard]) return sink_->fell_behind();  // retention has taken what was missed
    seen_[shard] = last;
    if (!events.empty()) push_page(shard_id(shard), last, events);
  } catch (const kj::Exception&) {
    return sink_->fell_behind();
  }
  recover_next();
}

void topic_reader::push_page(shard_id shard, std::uint64_t last, std::string_view events) {
  auto epoch = epoch_text(hub_.data().history());
  auto offset = offset_of(seen_);
  auto f = std::make_shared<live_frame>();
  f->topic_key = what_.key();
  f->shard = shard;
  f->last_seq = last;
  std::string list = "\"events\":[";
  list.append(events).append("]}");
  if (as_ == encoding::channel)
    f->channel = std::make_shared<const std::string>(channel_text(
        what_.name, "events", "{\"epoch\":\"" + epoch + "\",\"offset\":\"" + offset + "\"," + list));
  else
    f->stream = std::make_shared<const std::string>(stream_text(epoch + ":" + offset, "events", "{" + list));
  sink_->push(f);
}

void topic_reader::go_live() {
  live_ = true;
  auto waiting = std::move(waiting_);
  waiting_.clear();
  for (auto& f : waiting)
    if (sink_) sink_->push(f);
}

}  // namespace troupe::http
