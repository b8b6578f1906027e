#include "tests/support/memory_client.hpp"

#include <chrono>
#include <future>

#include "actors/machines.hpp"
#include "http/auth/key_ring.hpp"
#include "protocol/records.hpp"

namespace troupe::testing {

struct memory_client::listening final : subscription {
  memory_client* owner = nullptr;
  feed_sink sink;
  ~listening() override {
    auto gone = std::make_shared<std::promise<void>>();
    owner->later([this, gone] {
      owner->listeners_->erase(this);
      gone->set_value();
    });
    gone->get_future().wait();
  }
};

memory_client::memory_client(std::uint16_t shards)
    : machines_(make_machines()), listeners_(std::make_shared<std::set<listening*>>()) {
  for (int i = 0; i < shards; ++i) shards_.push_back(std::make_unique<memory_shard>());
  thread_ = std::thread([this] { run(); });
}

memory_client::~memory_client() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void memory_client::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || !work_.empty(); });
    if (work_.empty()) return;
    auto next = std::move(work_.front());
    work_.pop_front();
    lock.unlock();
    next();
    next = nullptr;
    lock.lock();
  }
}

void memory_client::later(std::function<void()> work) {
  {
    std::lock_guard lock(mutex_);
    work_.push_back(std::move(work));
  }
  wake_.notify_all();
}

void memory_client::command(shard_id shard, std::string bytes, answer done) {
  later([this, shard, bytes = std::move(bytes), done = std::move(done)] { done(run_command(shard, bytes)); });
}

result<std::string> memory_client::run_command(shard_id shard, const std::string& given) {
  {
    std::lock_guard lock(mutex_);
    ++commands_;
    if (auto it = failing_.find(shard.value); it != failing_.end()) return it->second;
  }
  auto bytes = with_next_task(shard, given);
  message_reader reader(bytes);
  auto c = reader.root<schema::Command>();
  std::string key;
  if (c.getIdempotencyKey().size()) {
    key = std::to_string(shard.value) + std::string(view_of(c.getOrg())) + "\n" +
          std::string(view_of(c.getIdempotencyKey()));
    if (auto it = replies_.find(key); it != replies_.end()) {
      if (it->second.fingerprint == c.getFingerprint()) return it->second.reply;
      return refusal(errc::idempotency_mismatch, "the key was used for another request");
    }
  }
  auto& s = *shards_[shard.value];
  s.now.time_us = std::chrono::duration_cast<std::chrono::microseconds>(
                      std::chrono::system_clock::now().time_since_epoch())
                      .count();
  auto reply = s.run(bytes).bytes();
  if (!key.empty()) replies_[key] = {c.getFingerprint(), reply};
  auto feed = std::make_shared<const std::string>(feed_of(shard, s.last.facts));
  bool lost = false;
  {
    std::lock_guard lock(mutex_);
    lost = lose_ > 0 && lose_-- > 0;
  }
  if (!lost && !s.last.facts.empty()) {
    for (auto* l : *listeners_) l->sink(feed);
  }
  return reply;
}

// What the agent's actor does: a claim without a task is of the next one.
std::string memory_client::with_next_task(shard_id shard, const std::string& bytes) {
  message_reader reader(bytes);
  auto c = reader.root<schema::Command>();
  if (!c.getBody().isClaimTask() || c.getBody().getClaimTask().getTaskId().size()) return bytes;
  capnp::MallocMessageBuilder asked, answered, changed;
  auto query = asked.initRoot<schema::Query>();
  query.setOrg(c.getOrg());
  query.setNextPendingTask(c.getBody().getClaimTask().getAgentId());
  auto out = answered.initRoot<schema::QueryResult>();
  machines_.of(query.which())->answer(shards_[shard.value]->records, query.asReader(), out);
  changed.setRoot(c);
  auto claim = changed.getRoot<schema::Command>().getBody().getClaimTask();
  bool found = out.isTasks() && out.getTasks().size();
  claim.setTaskId(found ? out.getTasks()[0].getId().cStr() : "none is pending");
  return to_bytes(changed);
}

std::uint64_t memory_client::last_seq(shard_id shard) const {
  auto bytes = shards_[shard.value]->records.get(family::state, counters_key());
  if (!bytes) return 0;
  message_reader reader(*bytes);
  return reader.root<schema::Counters>().getLastSeq();
}

std::string memory_client::feed_of(shard_id shard, const std::vector<std::string>& facts) {
  capnp::MallocMessageBuilder message;
  auto feed = message.initRoot<schema::Feed>();
  feed.setShard(shard.value);
  feed.setIndex(shards_[shard.value]->now.index.value);
  feed.setEpoch(history().value);
  feed.setLastSeq(last_seq(shard));
  auto list = feed.initFacts(static_cast<unsigned>(facts.size()));
  for (unsigned i = 0; i < facts.size(); ++i) list.set(i, data_of(facts[i]));
  return to_bytes(message);
}

std::string memory_client::answer_query(shard_id shard, const std::string& bytes) {
  capnp::MallocMessageBuilder answered;
  message_reader reader(bytes);
  auto query = reader.root<schema::Query>();
  auto out = answered.initRoot<schema::QueryResult>();
  out.setShard(shard.value);
  out.setLastSeq(last_seq(shard));
  out.setReadIndex(shards_[shard.value]->now.index.value);
  out.setEpoch(history().value);
  machines_.of(query.which())->answer(shards_[shard.value]->records, query, out);
  return to_bytes(answered);
}

void memory_client::query(shard_id shard, std::string bytes, consistency level, answer done) {
  query_each({shard}, std::move(bytes), level, [done = std::move(done)](auto got) {
    if (got) {
      done(std::move(got->front()));
    } else {
      done(got.error());
    }
  });
}

void memory_client::query_each(std::vector<shard_id> shards, std::string bytes, consistency, answers done) {
  auto work = [this, shards = std::move(shards), bytes = std::move(bytes), done = std::move(done)] {
    std::optional<failure> why;
    {
      std::lock_guard lock(mutex_);
      why = queries_fail_;
    }
    if (why) return done(*why);
    std::vector<std::string> out;
    for (auto s : shards) out.push_back(answer_query(s, bytes));
    done(std::move(out));
  };
  std::lock_guard lock(mutex_);
  (holding_ ? held_ : work_).push_back(std::move(work));
  wake_.notify_all();
}

std::unique_ptr<subscription> memory_client::subscribe(feed_sink sink) {
  auto made = std::make_unique<listening>();
  made->owner = this;
  made->sink = std::move(sink);
  later([this, l = made.get()] {
    listeners_->insert(l);
    for (std::uint16_t s = 0; s < shards_.size(); ++s) {
      l->sink(std::make_shared<const std::string>(feed_of(shard_id(s), {})));
    }
  });
  return made;
}

std::string memory_client::add_key(http::role role, std::string_view org) {
  auto minted = http::mint_key();
  capnp::MallocMessageBuilder message;
  auto c = message.initRoot<schema::Command>();
  c.setOrg(std::string(org));
  c.setPrincipal("node");
  auto body = c.initBody().initCreateApiKey();
  body.setId(minted.id);
  body.setName(std::string(http::to_string(role)));
  body.setRole(http::schema_role(role));
  body.setSecretHash(capnp::Data::Reader(minted.hash.data(), minted.hash.size()));
  std::promise<void> done;
  command(system_shard, to_bytes(message), [&done](auto) { done.set_value(); });
  done.get_future().wait();
  return minted.text;
}

void memory_client::fail_commands(shard_id shard, std::optional<failure> why) {
  std::lock_guard lock(mutex_);
  if (why) {
    failing_[shard.value] = *why;
  } else {
    failing_.erase(shard.value);
  }
}

void memory_client::fail_queries(std::optional<failure> why) {
  std::lock_guard lock(mutex_);
  queries_fail_ = std::move(why);
}

void memory_client::lose_feeds(int count) {
  std::lock_guard lock(mutex_);
  lose_ = count;
}

void memory_client::begin_anew() {
  later([this] {
    for (std::uint16_t s = 0; s < shard_count(); ++s) {
      auto feed = std::make_shared<const std::string>(feed_of(shard_id(s), {}));
      for (auto* l : *listeners_) l->sink(feed);
    }
  });
}

void memory_client::hold_queries() {
  std::lock_guard lock(mutex_);
  holding_ = true;
}

void memory_client::release_queries() {
  std::lock_guard lock(mutex_);
  holding_ = false;
  for (auto& w : held_) work_.push_back(std::move(w));
  held_.clear();
  wake_.notify_all();
}

std::size_t memory_client::queries_held() const {
  std::lock_guard lock(mutex_);
  return held_.size();
}

std::size_t memory_client::commands_seen() const {
  std::lock_guard lock(mutex_);
  return commands_;
}

}  // namespace troupe::testing
