#include "actors/runtime/runtime.hpp"

#include <caf/all.hpp>

#include <spdlog/spdlog.h>

#include <atomic>
#include <mutex>

#include "actors/runtime/deadlines.hpp"
#include "actors/runtime/feed_entrance.hpp"
#include "actors/runtime/feed_server.hpp"
#include "actors/runtime/feeds.hpp"
#include "actors/runtime/gateway.hpp"
#include "actors/runtime/outbox.hpp"
#include "protocol/limits.hpp"

namespace troupe {

namespace {

using storage::follow_atom;
using storage::taken_atom;

constexpr auto deadline = std::chrono::milliseconds(limits::command_deadline_ms);
constexpr std::size_t gateway_count = 4;
// What waits for an answer of one peer.
constexpr std::size_t peer_requests_max = 4096, peer_bytes_max = 16 * 1024 * 1024;

// Shared by a subscription and its actor: after close() returns the sink is not called any more.
struct sink_gate {
  std::mutex mutex;
  client::feed_sink sink;
};

class subscriber_body final : public caf::event_based_actor {
 public:
  subscriber_body(caf::actor_config& cfg, caf::actor feeds, std::shared_ptr<sink_gate> gate)
      : caf::event_based_actor(cfg), feeds_(std::move(feeds)), gate_(std::move(gate)) {}
  const char* name() const override { return "subscriber"; }
  void on_exit() override {
    feeds_ = nullptr;
    entrance_.clear();
  }

 protected:
  caf::behavior make_behavior() override {
    send(feeds_, follow_atom::value, caf::actor(this));
    return {
        [this](source_atom, std::uint16_t shard, const caf::actor& source) {
          entrance_.turn_to(shard_id(shard), source.address());
          send(source, follow_atom::value, caf::actor(this));
        },
        [this](const frame& f) { take(f); },
    };
  }

 private:
  void take(const frame& f) {
    auto from = caf::actor_cast<caf::actor_addr>(current_sender());
    auto feed = f.open(frame_kind::feed);
    auto head = feed ? head_of(*feed) : std::nullopt;
    if (head && entrance_.admits(*head, from)) {
      std::lock_guard lock(gate_->mutex);
      if (gate_->sink) gate_->sink(std::make_shared<const std::string>(*feed));
    }
    send(caf::actor_cast<caf::actor>(current_sender()), taken_atom::value,
         static_cast<std::uint64_t>(f.bytes.size()));
  }

  caf::actor feeds_;
  std::shared_ptr<sink_gate> gate_;
  feed_entrance<caf::actor_addr> entrance_;
};

class actor_subscription final : public subscription {
 public:
  actor_subscription(caf::actor subscriber, std::shared_ptr<sink_gate> gate)
      : subscriber_(std::move(subscriber)), gate_(std::move(gate)) {}
  ~actor_subscription() override {
    {
      std::lock_guard lock(gate_->mutex);
      gate_->sink = nullptr;
    }
    caf::anon_send_exit(subscriber_, caf::exit_reason::user_shutdown);
  }

 private:
  caf::actor subscriber_;
  std::shared_ptr<sink_gate> gate_;
};

// Collects the answers of query_each: the first failure, or all in order.
struct gathering {
  std::mutex mutex;
  std::vector<std::string> answers;
  std::size_t missing = 0;
  client::answers done;

  void take(std::size_t at, result<std::string> answer) {
    std::unique_lock lock(mutex);
    if (!done) return;
    if (answer) {
      answers[at] = std::move(*answer);
      if (--missing != 0) return;
    }
    auto finish = std::exchange(done, nullptr);
    auto all = std::move(answers);
    lock.unlock();
    if (answer)
      finish(std::move(all));
    else
      finish(answer.error());
  }
};

}  // namespace

class runtime::actor_client final : public client {
 public:
  enum class leading : std::uint8_t { here, anywhere };

  actor_client(caf::actor_system& system, std::vector<caf::actor> gateways, caf::actor feeds,
               std::vector<caf::actor> shards, epoch history, leading where)
      : system_(system),
        gateways_(std::move(gateways)),
        feeds_(std::move(feeds)),
        shards_(std::move(shards)),
        history_(history),
        where_(where),
        open_(system) {}

  void command(shard_id shard, std::string command, answer done) override {
    bool for_shard = shard.value < shards_.size() && is_for_shard(command);
    if (for_shard && where_ == leading::here) {  // nobody needs to look for the leader
      auto direct = std::make_shared<storage::local_call>(std::move(command), std::move(done));
      open_.add(direct);
      return caf::anon_send(shards_[shard.value], std::move(direct));
    }
    auto call =
        make_call(shard, request_kind::command, frame::of(frame_kind::command, command), std::move(done));
    call->for_shard = for_shard;
    pass(std::move(call));
  }

  void query(shard_id shard, std::string query, consistency level, answer done) override {
    pass(make_call(shard, kind_of(level), frame::of(frame_kind::query, query), std::move(done)));
  }

  void query_each(std::vector<shard_id> shards, std::string query, consistency level, answers done) override {
    if (shards.empty()) return done(std::vector<std::string>{});
    auto g = std::make_shared<gathering>();
    g->answers.resize(shards.size());
    g->missing = shards.size();
    g->done = std::move(done);
    auto request = frame::of(frame_kind::query, query);
    for (std::size_t i = 0; i < shards.size(); ++i)
      pass(make_call(shards[i], kind_of(level), request,
                     [g, i](result<std::string> one) { g->take(i, std::move(one)); }));
  }

  std::unique_ptr<subscription> subscribe(feed_sink sink) override {
    auto gate = std::make_shared<sink_gate>();
    gate->sink = std::move(sink);
    return std::make_unique<actor_subscription>(system_.spawn<subscriber_body>(feeds_, gate), gate);
  }

  std::uint16_t shard_count() const override { return static_cast<std::uint16_t>(shards_.size()); }
  epoch history() const override { return history_; }

 private:
  static request_kind kind_of(consistency level) {
    return level == consistency::local ? request_kind::peek : request_kind::read;
  }

  static call_ptr make_call(shard_id shard, request_kind kind, frame request, answer done) {
    auto call = std::make_shared<shard_call>();
    call->shard = shard;
    call->kind = kind;
    call->request = std::move(request);
    call->wait = deadline;
    call->done = std::move(done);
    return call;
  }

  void pass(call_ptr call) {
    auto& gateway = gateways_[next_.fetch_add(1, std::memory_order_relaxed) % gateways_.size()];
    caf::anon_send(gateway, std::move(call));
  }

  caf::actor_system& system_;
  std::vector<caf::actor> gateways_;
  caf::actor feeds_;
  std::vector<caf::actor> shards_;
  epoch history_;
  const leading where_;
  deadlines open_;
  std::atomic<std::size_t> next_{0};
};

// What comes from other threads: peers' questions, who comes and goes, and what the directory learns.
struct runtime::ears {
  std::vector<caf::actor> gateways, outboxes;
  caf::actor router, feeds, feed_server;
  std::atomic<std::size_t> next{0};

  void place_changed(shard_id shard) const {
    for (auto* one : {&router, &feeds, &feed_server}) caf::anon_send(*one, place_atom::value, shard.value);
    for (auto& g : gateways) caf::anon_send(g, place_atom::value, shard.value);
    if (shard.value < outboxes.size()) caf::anon_send(outboxes[shard.value], place_atom::value, shard.value);
  }

  void asked(const frame& question, shard_directory& directory, network::reply_to reply) {
    auto q = decode_shard_question(question);
    if (!q) {
      spdlog::warn("a peer's question cannot be read: {}", q.error().detail);
      return;  // it is answered by its deadline
    }
    caf::anon_send(gateways[next.fetch_add(1, std::memory_order_relaxed) % gateways.size()],
                   call_of(std::move(*q), directory, std::move(reply)));
  }
};

runtime::runtime(caf::actor_system& system, std::vector<caf::actor> shards, epoch history, network* peers,
                 shard_directory* directory)
    : system_(system), shards_(std::move(shards)) {
  must((peers != nullptr) == (directory != nullptr), "a cluster has a network and a directory");
  gateway_peers cluster{peers, directory, nullptr};
  auto self = peers ? peers->self() : node_id();
  if (directory) directory->know_self(self);
  if (peers)
    cluster.links =
        std::make_shared<peer_links>(self, peer_requests_max, peer_bytes_max, peer_links::clock::now());
  router_ = spawn_router(system_, shards_, limits::live_entities_max, self, directory);
  feeds_ = spawn_feeds(system_, shards_, cluster);
  for (std::uint16_t s = 0; s < shards_.size(); ++s)
    outboxes_.push_back(spawn_outbox(system_, shard_id(s), shards_[s], self, directory));
  for (std::size_t i = 0; i < gateway_count; ++i)
    gateways_.push_back(spawn_gateway(system_, router_, shards_, cluster));
  auto where = peers ? actor_client::leading::anywhere : actor_client::leading::here;
  client_ = std::make_unique<actor_client>(system_, gateways_, feeds_, shards_, history, where);
  if (!peers) return;
  feed_server_ = spawn_feed_server(system_, shards_, cluster);
  listen(*peers, *directory, cluster.links);
}

void runtime::listen(network& peers, shard_directory& directory, const std::shared_ptr<peer_links>& links) {
  ears_ = std::make_shared<ears>();
  ears_->gateways = gateways_;
  ears_->outboxes = outboxes_;
  ears_->router = router_;
  ears_->feeds = feeds_;
  ears_->feed_server = feed_server_;
  std::weak_ptr<ears> weak = ears_;
  directory.on_change([weak](shard_id shard, const shard_place&) {
    if (auto here = weak.lock()) here->place_changed(shard);
  });
  peers.on_peer([weak, links, &directory](node_id peer, peer_event what) {
    links->changed(peer, what, peer_links::clock::now());
    auto here = weak.lock();
    if (!here) return;
    if (what == peer_event::disconnected) {
      caf::anon_send(here->feed_server, gone_atom::value, peer.value);
      directory.suspect(peer);
    }
    for (std::uint16_t s = 0; s < directory.shard_count(); ++s) here->place_changed(shard_id(s));
  });
  peers.on_ask(frame_kind::shard_question,
               [weak, &directory](node_id, frame question, network::reply_to reply) {
                 if (auto here = weak.lock()) here->asked(question, directory, std::move(reply));
               });
  peers.on_ask(frame_kind::feed_message, [weak](node_id from, frame question, network::reply_to reply) {
    auto here = weak.lock();
    auto q = decode_feed_question(question);
    if (here && q)
      caf::anon_send(here->feed_server, std::make_shared<feed_asked>(feed_asked{from, *q, std::move(reply)}));
  });
  // What was learnt before somebody listened.
  for (std::uint16_t s = 0; s < directory.shard_count(); ++s) ears_->place_changed(shard_id(s));
}

runtime::~runtime() {
  ears_.reset();
  client_.reset();
  for (auto& g : gateways_) caf::anon_send_exit(g, caf::exit_reason::user_shutdown);
  for (auto& outbox : outboxes_) caf::anon_send_exit(outbox, caf::exit_reason::user_shutdown);
  for (auto* one : {&feed_server_, &feeds_, &router_})
    if (*one) caf::anon_send_exit(*one, caf::exit_reason::user_shutdown);
}

client& runtime::get_client() { return *client_; }

void runtime::drain(std::chrono::milliseconds wait) {
  caf::scoped_actor self(system_);
  auto asked = [&](const caf::actor& shard) { return self->request(shard, wait, storage::stop_atom::value); };
  // All are asked before any is waited for: together they have as long as one.
  std::vector<decltype(asked(shards_.front()))> all;
  all.reserve(shards_.size());
  for (auto& shard : shards_) all.push_back(asked(shard));
  for (auto& one : all) one.receive([](storage::stop_atom) {}, [](const caf::error&) {});
}

}  // namespace troupe
