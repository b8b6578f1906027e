// The feed's way through the hub: order, gaps, and which topics an event belongs to.
#include <kj/exception.h>
#include <spdlog/spdlog.h>

#include "http/ingest/event_json.hpp"
#include "http/live/hub.hpp"
#include "protocol/limits.hpp"
#include "protocol/message.hpp"

namespace troupe::http {

namespace {

constexpr std::size_t held_feeds_max = 4096;
constexpr std::uint32_t gap_page = 500;

}  // namespace

void hub::on_feed(std::shared_ptr<const std::string> bytes) {
  if (config_.feed_seen) config_.feed_seen(*bytes);
  try {
    message_reader reader(*bytes);
    auto feed = reader.root<schema::Feed>();
    for (auto fact : feed.getFacts()) {  // news of keys need no order and no lock
      message_reader inner(view_of(fact));
      auto f = inner.root<schema::Fact>();
      if (f.isApiKeyChanged() && config_.key_changed) config_.key_changed(f.getApiKeyChanged());
    }
    std::lock_guard lock(mutex_);
    if (feed.getShard() >= shards_.size()) return;
    auto& state = shards_[feed.getShard()];
    if (state.known && feed.getFacts().size() == 0) began_anew(shard_id(feed.getShard()));
    state.last_heard = std::max(state.last_heard, feed.getLastSeq());
    if (state.reading_gap) {
      // Held until the gap before it is read. Too much of it: dropped, and read from the shard like the gap.
      if (state.held.size() < held_feeds_max && state.retry_upto == 0 && !state.dropped) {
        state.held.push_back(std::move(bytes));
      } else {
        state.dropped = true;
        take_states(feed);
      }
      return;
    }
    if (state.known && feed.getLastSeq() > position_[feed.getShard()] && is_crowded()) {
      take_states(feed);
      return leave_gap(shard_id(feed.getShard()), feed.getLastSeq());
    }
    take_feed(feed);
    hand_out();
  } catch (const kj::Exception& e) {
    spdlog::error("a feed cannot be decoded: {}", e.getDescription().cStr());
  }
}

void hub::take_feed(schema::Feed::Reader feed) {
  shard_id shard(feed.getShard());
  auto& state = shards_[shard.value];
  auto& at = position_[shard.value];
  if (!state.known) {  // the first one tells where the shard stands
    state.known = true;
    at = feed.getLastSeq();
    return;
  }
  std::uint64_t first = feed.getLastSeq() + 1;
  for (auto bytes : feed.getFacts()) {
    message_reader reader(view_of(bytes));
    auto fact = reader.root<schema::Fact>();
    if (fact.isEventsAppended()) first = std::min(first, fact.getEventsAppended().getFirstSeq());
  }
  if (first > at + 1) {
    take_states(feed);
    return read_gap(shard, feed.getLastSeq());
  }
  for (auto bytes : feed.getFacts()) {
    message_reader reader(view_of(bytes));
    auto fact = reader.root<schema::Fact>();
    auto org = view_of(fact.getOrg());
    if (fact.isEventsAppended()) {
      auto appended = fact.getEventsAppended();
      take_events(shard, org, appended.getFirstSeq(), appended.getEvents());
    }
  }
  take_states(feed);
}

void hub::take_events(shard_id shard, std::string_view org, std::uint64_t first,
                      capnp::List<schema::Event>::Reader events) {
  auto last = first + events.size() - 1;
  auto& at = position_[shard.value];
  if (events.size() == 0 || last <= at) return;
  // A page that was read may have ended within a batch.
  const auto begin = first <= at ? static_cast<unsigned>(at + 1 - first) : 0U;
  at = last;
  if (audiences_.empty()) return;
  if (insight_audiences_ != 0) take_insight(org, events);
  struct text_for {
    std::string text;
    std::size_t begin = 0;
  };
  std::map<const audience*, text_for> some;  // agents and teams
  auto* everyone = find(org, "events");
  auto all = everyone ? events_begin(*everyone, shard, last) : std::string();
  const auto all_begin = all.size();
  if (everyone) all.reserve(all_begin + events.size() * (all_events_bytes_ + 1) + 16);
  std::string name;
  for (unsigned i = begin; i < events.size(); ++i) {
    auto e = events[i];
    const audience* readers[2] = {nullptr, nullptr};
    if (narrow_audiences_ != 0) {
      readers[0] = find(org, name.assign("agent:").append(view_of(e.getAgentId())));
      if (e.getTeam().size() != 0) readers[1] = find(org, name.assign("team:").append(view_of(e.getTeam())));
    }
    if (!everyone && !readers[0] && !readers[1]) continue;
    // Written once, straight into the frame of all events if that has readers.
    if (!everyone) all.clear();
    if (all.size() > all_begin) all.push_back(',');
    auto from = all.size();
    ingest::write_event_json(e, event_seq(first + i), shard, all);
    auto json = std::string_view(all).substr(from);
    for (auto* r : readers) {
      if (!r) continue;
      auto& to = some[r];
      if (to.begin == 0) to.begin = (to.text = events_begin(*r, shard, last)).size();
      if (to.text.size() > to.begin) to.text.push_back(',');
      to.text.append(json);
    }
  }
  if (everyone) {
    all_events_bytes_ = (all.size() - all_begin) / (events.size() - begin);
    send_events(*everyone, shard, last, std::move(all), all_begin);
  }
  for (auto& [to, list] : some) send_events(*to, shard, last, std::move(list.text), list.begin);
}

void hub::take_insight(std::string_view org, capnp::List<schema::Event>::Reader events) {
  unsigned views = 0;
  for (std::size_t v = 0; v < insight_topics.size(); ++v)
    if (find(org, insight_topics[v])) views |= 1U << v;
  if (views == 0) return;
  for (auto e : events) insight_.add(org, e, views);
  if (!insight_.empty()) wake();
}

// --- gaps: this subscriber or one of its I/O threads was too slow, or the shard's leader changed

// To be read once there is room.
void hub::leave_gap(shard_id shard, std::uint64_t upto) {
  auto& state = shards_[shard.value];
  state.reading_gap = true;
  state.retry_upto = std::max<std::uint64_t>(upto, 1);
  starved_ = true;
}

void hub::read_gap(shard_id shard, std::uint64_t upto) {
  shards_[shard.value].reading_gap = true;
  capnp::MallocMessageBuilder message;
  auto feed = message.initRoot<schema::Query>().initReadFeed();  // no organisation: of all
  feed.setAfterSeq(position_[shard.value]);
  feed.setLimit(gap_page);
  data_.query(shard, to_bytes(message), consistency::linearizable,
              [life = life_, shard, upto](result<std::string> answer) {
                std::lock_guard lock(life->mutex);
                if (life->owner) life->owner->gap_answered(shard, upto, std::move(answer));
              });
}

void hub::gap_answered(shard_id shard, std::uint64_t upto, result<std::string> answer) {
  auto& state = shards_[shard.value];
  try {
    if (!answer) {
      spdlog::warn("the feed of shard {} has a gap that cannot be read yet: {}", shard.value,
                   answer.error().detail);
      state.retry_upto = std::max<std::uint64_t>(upto, 1);
      wake();
      return;
    }
    message_reader reader(*answer);
    auto found = reader.root<schema::QueryResult>();
    if (found.isEvents()) {
      for (auto stored : found.getEvents()) {
        capnp::MallocMessageBuilder one;
        auto list = one.initRoot<schema::EventBatch>().initEvents(1);
        list.setWithCaveats(0, stored.getEvent());
        take_events(shard, view_of(stored.getEvent().getOrg()), stored.getSeq(), list.asReader());
      }
    }
    position_[shard.value] = std::max(position_[shard.value], found.getScannedToSeq());
    hand_out();
    if (std::exchange(state.dropped, false)) upto = std::max(upto, state.last_heard);
    if (position_[shard.value] < upto && found.getScannedToSeq() != 0)
      return is_crowded() ? leave_gap(shard, upto) : read_gap(shard, upto);
    state.reading_gap = false;
    while (!state.held.empty() && !state.reading_gap) {
      auto bytes = std::move(state.held.front());
      state.held.pop_front();
      message_reader held(*bytes);
      take_feed(held.root<schema::Feed>());
    }
    hand_out();
  } catch (const kj::Exception& e) {
    spdlog::error("the answer to a gap cannot be decoded: {}", e.getDescription().cStr());
    state.reading_gap = false;
  }
}

void hub::retry_gaps() {
  for (std::size_t s = 0; s < shards_.size(); ++s)
    if (auto upto = std::exchange(shards_[s].retry_upto, 0))
      read_gap(shard_id(static_cast<std::uint16_t>(s)), upto);
}

}  // namespace troupe::http
