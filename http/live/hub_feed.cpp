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
    if (!state.reading_gap) return take_feed(feed);
    // Held until the gap before it is read. Too much of it: dropped, and read from the shard like the gap.
    if (state.held.size() < held_feeds_max) state.held.push_back(std::move(bytes));
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
    take_agents(feed);
    return read_gap(shard, feed.getLastSeq());
  }
  for (auto bytes : feed.getFacts()) {
    message_reader reader(view_of(bytes));
    auto fact = reader.root<schema::Fact>();
    auto org = view_of(fact.getOrg());
    if (fact.isEventsAppended()) {
      auto appended = fact.getEventsAppended();
      if (appended.getFirstSeq() > at) take_events(shard, org, appended.getFirstSeq(), appended.getEvents());
    }
  }
  take_agents(feed);
}

void hub::take_agents(schema::Feed::Reader feed) {
  for (auto bytes : feed.getFacts()) {
    message_reader reader(view_of(bytes));
    auto fact = reader.root<schema::Fact>();
    if (fact.isAgentChanged()) take_agent(view_of(fact.getOrg()), fact.getAgentChanged());
  }
}

void hub::take_events(shard_id shard, std::string_view org, std::uint64_t first,
                      capnp::List<schema::Event>::Reader events) {
  auto last = first + events.size() - 1;
  position_[shard.value] = last;
  if (audiences_.empty() || events.size() == 0) return;
  std::string all;
  std::map<const audience*, std::string> some;
  auto* everyone = find(org, "events");
  std::string name, json;
  for (unsigned i = 0; i < events.size(); ++i) {
    auto e = events[i];
    const audience* readers[2] = {nullptr, nullptr};
    readers[0] = find(org, name.assign("agent:").append(view_of(e.getAgentId())));
    if (e.getTeam().size() != 0) readers[1] = find(org, name.assign("team:").append(view_of(e.getTeam())));
    if (!everyone && !readers[0] && !readers[1]) continue;
    json.clear();
    ingest::write_event_json(e, event_seq(first + i), shard, json);
    if (everyone) all.append(all.empty() ? "" : ",").append(json);
    for (auto* r : readers)
      if (r) some[r].append(some[r].empty() ? "" : ",").append(json);
  }
  if (everyone && !all.empty()) send_events(*everyone, shard, last, all);
  for (auto& [to, list] : some) send_events(*to, shard, last, list);
}

void hub::take_agent(std::string_view org, schema::AgentState::Reader agent) {
  if (!config_.write_agent) return;
  auto id = view_of(agent.getAgent().getId());
  if (!find(org, "agents") && !find(org, "agent:" + std::string(id))) return;
  std::string json;
  config_.write_agent(agent, json);
  changed_agents_[std::string(org)][std::string(id)] = std::move(json);
  wake_.notify_all();
}

// --- gaps: a subscriber that was too slow has been skipped, or the shard's leader changed

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
      state.retry_upto = upto;
      wake_.notify_all();
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
    if (position_[shard.value] < upto && found.getScannedToSeq() != 0) return read_gap(shard, upto);
    state.reading_gap = false;
    while (!state.held.empty() && !state.reading_gap) {
      auto bytes = std::move(state.held.front());
      state.held.pop_front();
      message_reader held(*bytes);
      take_feed(held.root<schema::Feed>());
    }
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
