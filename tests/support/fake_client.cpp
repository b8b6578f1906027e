#include "tests/support/fake_client.hpp"

#include "protocol/message.hpp"
#include "protocol/schema/query.capnp.h"
#include "protocol/schema/reply.capnp.h"

namespace troupe::test {

namespace {

void fill(schema::Event::Builder e, std::string_view org, std::string_view agent) {
  e.setOrg(std::string(org));
  e.setAgentId(std::string(agent));
  e.setType(schema::EventType::TOOL_CALL);
  e.setTimeUs(1'700'000'000'000'000);
}

}  // namespace

fake_client::fake_client(std::uint16_t shards)
    : shards_(shards), thread_([this] {
        std::unique_lock lock(mutex_);
        for (;;) {
          wake_.wait(lock, [this] { return stopping_ || !work_.empty(); });
          if (work_.empty()) return;
          auto next = std::move(work_.front());
          work_.pop_front();
          working_ = true;
          lock.unlock();
          next();
          next = nullptr;
          lock.lock();
          working_ = false;
          idle_.notify_all();
        }
      }) {}

fake_client::~fake_client() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void fake_client::later(std::function<void()> work) {
  {
    std::lock_guard lock(mutex_);
    work_.push_back(std::move(work));
  }
  wake_.notify_all();
}

void fake_client::settle() {
  std::unique_lock lock(mutex_);
  idle_.wait(lock, [this] { return work_.empty() && !working_; });
}

void fake_client::hold_feed_back(bool held) {
  std::lock_guard lock(mutex_);
  held_ = held;
}

std::uint64_t fake_client::append(shard_id shard, std::string_view org, std::vector<std::string> agents) {
  capnp::MallocMessageBuilder fact_message;
  auto fact = fact_message.initRoot<schema::Fact>();
  fact.setOrg(std::string(org));
  auto appended = fact.initEventsAppended();
  auto list = appended.initEvents(static_cast<unsigned>(agents.size()));
  std::uint64_t last = 0;
  bool publish = false;
  {
    std::lock_guard lock(mutex_);
    auto& of_shard = events_[shard.value];
    appended.setFirstSeq(of_shard.size() + 1);
    for (unsigned i = 0; i < agents.size(); ++i) {
      fill(list[i], org, agents[i]);
      of_shard.push_back({std::string(org), agents[i]});
    }
    last = of_shard.size();
    publish = !held_;
  }
  if (!publish) return last;
  capnp::MallocMessageBuilder message;
  auto feed = message.initRoot<schema::Feed>();
  feed.setShard(shard.value);
  feed.setEpoch(history().value);
  feed.setLastSeq(last);
  auto bytes = to_bytes(fact_message);
  feed.initFacts(1).set(0, data_of(bytes));
  auto shared = std::make_shared<const std::string>(to_bytes(message));
  later([this, shared] {
    if (sink_) sink_(shared);
  });
  return last;
}

void fake_client::command(shard_id shard, std::string command, answer done) {
  later([this, shard, command = std::move(command), done = std::move(done)] {
    done(on_command ? on_command(shard, command)
                    : result<std::string>(failure{errc::unavailable, "no command"}));
  });
}

std::string fake_client::read_feed(shard_id shard, const std::string& query) {
  message_reader reader(query);
  auto q = reader.root<schema::Query>();
  capnp::MallocMessageBuilder message;
  auto out = message.initRoot<schema::QueryResult>();
  std::lock_guard lock(mutex_);
  ++feed_reads;
  auto& all = events_[shard.value];
  out.setShard(shard.value);
  out.setLastSeq(all.size());
  if (!q.isReadFeed()) {
    if (q.isListAgents()) out.initAgents(0);
    return to_bytes(message);
  }
  auto asked = q.getReadFeed();
  std::vector<std::uint64_t> found;
  std::uint64_t scanned = asked.getAfterSeq();
  while (scanned < all.size() && found.size() < asked.getLimit()) {
    auto& e = all[scanned++];
    if ((q.getOrg().size() == 0 || view_of(q.getOrg()) == e.org) &&
        (asked.getAgentId().size() == 0 || view_of(asked.getAgentId()) == e.agent))
      found.push_back(scanned);
  }
  out.setScannedToSeq(scanned);
  out.setMore(scanned < all.size());
  auto list = out.initEvents(static_cast<unsigned>(found.size()));
  for (unsigned i = 0; i < list.size(); ++i) {
    list[i].setSeq(found[i]);
    fill(list[i].initEvent(), all[found[i] - 1].org, all[found[i] - 1].agent);
  }
  return to_bytes(message);
}

void fake_client::query(shard_id shard, std::string query, consistency, answer done) {
  later([this, shard, query = std::move(query), done = std::move(done)] { done(read_feed(shard, query)); });
}

void fake_client::query_each(std::vector<shard_id> shards, std::string query, consistency, answers done) {
  later([this, shards = std::move(shards), query = std::move(query), done = std::move(done)] {
    std::vector<std::string> all;
    for (auto s : shards) all.push_back(read_feed(s, query));
    done(std::move(all));
  });
}

void fake_client::publish_position(shard_id shard) {
  capnp::MallocMessageBuilder message;
  auto feed = message.initRoot<schema::Feed>();
  feed.setShard(shard.value);
  feed.setEpoch(history().value);
  {
    std::lock_guard lock(mutex_);
    feed.setLastSeq(events_[shard.value].size());
  }
  sink_(std::make_shared<const std::string>(to_bytes(message)));
}

std::unique_ptr<subscription> fake_client::subscribe(feed_sink sink) {
  struct end final : subscription {
    fake_client& from;
    explicit end(fake_client& f) : from(f) {}
    ~end() override {
      from.later([c = &from] { c->sink_ = nullptr; });
      from.settle();
    }
  };
  later([this, sink = std::move(sink)] {
    sink_ = sink;
    for (std::uint16_t s = 0; s < shards_; ++s) publish_position(shard_id(s));
  });
  return std::make_unique<end>(*this);
}

}  // namespace troupe::test
