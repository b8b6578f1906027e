#include "actors/runtime/runtime.hpp"

#include <caf/all.hpp>

#include <atomic>
#include <mutex>

#include "actors/runtime/outbox.hpp"
#include "actors/runtime/router.hpp"
#include "protocol/limits.hpp"

namespace troupe {

namespace {

using storage::follow_atom;
using storage::peek_atom;
using storage::read_atom;
using storage::taken_atom;

constexpr auto deadline = std::chrono::milliseconds(limits::command_deadline_ms);
constexpr std::size_t gateway_count = 4;

enum class call_kind : std::uint8_t { command, read, peek };

// From a thread of the edge to a gateway actor; never leaves the process.
struct client_call {
  call_kind kind = call_kind::command;
  std::uint16_t shard = 0;
  frame request;
  client::answer done;
};
using call_ptr = std::shared_ptr<client_call>;

failure failure_of(const caf::error& e) {
  if (e == caf::sec::request_timeout)
    return {errc::timed_out,
            "no answer in time: it may or may not have taken effect. Send it again with the same "
            "Idempotency-Key or the same ids",
            std::chrono::milliseconds(1000)};
  return {errc::unavailable, "this node is stopping: send again", std::chrono::milliseconds(500)};
}

}  // namespace

}  // namespace troupe

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::call_ptr)

namespace troupe {

namespace {

class gateway_body final : public caf::event_based_actor {
 public:
  gateway_body(caf::actor_config& cfg, caf::actor router)
      : caf::event_based_actor(cfg), router_(std::move(router)) {}
  const char* name() const override { return "gateway"; }
  void on_exit() override { router_ = nullptr; }

 protected:
  caf::behavior make_behavior() override {
    return {[this](const call_ptr& call) {
      switch (call->kind) {
        case call_kind::command: return ask(call, command_atom::value, storage::payload_of_reply);
        case call_kind::read: return ask(call, read_atom::value, storage::payload_of_query_result);
        case call_kind::peek: return ask(call, peek_atom::value, storage::payload_of_query_result);
      }
    }};
  }

 private:
  template <class Atom>
  void ask(const call_ptr& call, Atom what, troupe::result<std::string> (*payload_of)(const frame&)) {
    request(router_, deadline, what, call->shard, std::move(call->request))
        .then([call, payload_of](const frame& f) { call->done(payload_of(f)); },
              [call](const caf::error& e) { call->done(failure_of(e)); });
  }

  caf::actor router_;
};

// Shared by a subscription and its actor: after close() returns the sink is not called any more.
struct sink_gate {
  std::mutex mutex;
  client::feed_sink sink;
};

class subscriber_body final : public caf::event_based_actor {
 public:
  subscriber_body(caf::actor_config& cfg, caf::actor router, std::shared_ptr<sink_gate> gate)
      : caf::event_based_actor(cfg), router_(std::move(router)), gate_(std::move(gate)) {}
  const char* name() const override { return "subscriber"; }
  void on_exit() override { router_ = nullptr; }

 protected:
  caf::behavior make_behavior() override {
    send(router_, follow_atom::value, caf::actor(this));
    return {[this](const frame& f) {
      auto bytes = static_cast<std::uint64_t>(f.bytes.size());
      if (auto feed = f.open(frame_kind::feed)) {
        std::lock_guard lock(gate_->mutex);
        if (gate_->sink) gate_->sink(std::make_shared<const std::string>(*feed));
      }
      send(caf::actor_cast<caf::actor>(current_sender()), taken_atom::value, bytes);
    }};
  }

 private:
  caf::actor router_;
  std::shared_ptr<sink_gate> gate_;
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
  actor_client(caf::actor_system& system, caf::actor router, std::uint16_t shards, epoch history)
      : system_(system), router_(std::move(router)), shards_(shards), history_(history) {
    for (std::size_t i = 0; i < gateway_count; ++i) gateways_.push_back(system.spawn<gateway_body>(router_));
  }
  ~actor_client() override {
    for (auto& g : gateways_) caf::anon_send_exit(g, caf::exit_reason::user_shutdown);
  }

  void command(shard_id shard, std::string command, answer done) override {
    call(call_kind::command, shard, frame::of(frame_kind::command, command), std::move(done));
  }

  void query(shard_id shard, std::string query, consistency level, answer done) override {
    call(kind_of(level), shard, frame::of(frame_kind::query, query), std::move(done));
  }

  void query_each(std::vector<shard_id> shards, std::string query, consistency level, answers done) override {
    if (shards.empty()) return done(std::vector<std::string>{});
    auto g = std::make_shared<gathering>();
    g->answers.resize(shards.size());
    g->missing = shards.size();
    g->done = std::move(done);
    auto request = frame::of(frame_kind::query, query);
    for (std::size_t i = 0; i < shards.size(); ++i)
      call(kind_of(level), shards[i], request,
           [g, i](result<std::string> one) { g->take(i, std::move(one)); });
  }

  std::unique_ptr<subscription> subscribe(feed_sink sink) override {
    auto gate = std::make_shared<sink_gate>();
    gate->sink = std::move(sink);
    return std::make_unique<actor_subscription>(system_.spawn<subscriber_body>(router_, gate), gate);
  }

  std::uint16_t shard_count() const override { return shards_; }
  epoch history() const override { return history_; }

 private:
  static call_kind kind_of(consistency level) {
    return level == consistency::local ? call_kind::peek : call_kind::read;
  }

  void call(call_kind kind, shard_id shard, frame request, answer done) {
    auto& gateway = gateways_[next_.fetch_add(1, std::memory_order_relaxed) % gateways_.size()];
    caf::anon_send(gateway, std::make_shared<client_call>(
                                client_call{kind, shard.value, std::move(request), std::move(done)}));
  }

  caf::actor_system& system_;
  caf::actor router_;
  std::uint16_t shards_;
  epoch history_;
  std::vector<caf::actor> gateways_;
  std::atomic<std::size_t> next_{0};
};

runtime::runtime(caf::actor_system& system, std::vector<caf::actor> shards, epoch history)
    : system_(system), shards_(std::move(shards)) {
  router_ = spawn_router(system_, shards_);
  for (auto& shard : shards_) outboxes_.push_back(spawn_outbox(system_, shard));
  client_ =
      std::make_unique<actor_client>(system_, router_, static_cast<std::uint16_t>(shards_.size()), history);
}

runtime::~runtime() {
  client_.reset();
  for (auto& outbox : outboxes_) caf::anon_send_exit(outbox, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(router_, caf::exit_reason::user_shutdown);
}

client& runtime::get_client() { return *client_; }

void runtime::drain(std::chrono::milliseconds wait) {
  caf::scoped_actor self(system_);
  for (auto& shard : shards_)
    self->request(shard, wait, storage::stop_atom::value)
        .receive([](storage::stop_atom) {}, [](const caf::error&) {});
}

}  // namespace troupe
