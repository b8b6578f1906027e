#include "actors/runtime/gateway.hpp"

#include <caf/all.hpp>

#include "actors/runtime/identity.hpp"

namespace troupe {

// From the network's thread to the gateway that asked.
struct peer_reply {
  call_ptr call;
  result<frame> got;
};
using peer_reply_ptr = std::shared_ptr<peer_reply>;

}  // namespace troupe

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::peer_reply_ptr)

namespace troupe {

namespace {

using namespace std::chrono;
using storage::peek_atom;
using storage::read_atom;
using sweep_atom = caf::atom_constant<caf::atom("sweep")>;
using probe_atom = caf::atom_constant<caf::atom("probe")>;
using repeat_atom = caf::atom_constant<caf::atom("repeat")>;

failure failure_of(const caf::error& e) {
  if (e == caf::sec::request_timeout) return dispatch::no_answer();
  return {errc::unavailable, "this node is stopping: send again", milliseconds(500)};
}

// The dispatch keeps the deadlines of its calls itself: a timer of CAF's for each would wake its clock's thread at
// every call.
class gateway_body final : public caf::event_based_actor, private dispatch_host {
 public:
  gateway_body(caf::actor_config& cfg, caf::actor router, std::vector<caf::actor> shards,
               gateway_peers cluster)
      : caf::event_based_actor(cfg),
        router_(std::move(router)),
        shards_(std::move(shards)),
        dispatch_(*this, static_cast<std::uint16_t>(shards_.size()), std::move(cluster),
                  static_cast<unsigned>(id())) {}
  const char* name() const override { return "gateway"; }
  void on_exit() override {
    router_ = nullptr;
    shards_.clear();
    dispatch_.clear();
  }

 protected:
  caf::behavior make_behavior() override {
    return {
        [this](const call_ptr& call) { dispatch_.take(call); },
        [this](const peer_reply_ptr& r) { dispatch_.peer_answered(r->call, r->got); },
        [this](place_atom, std::uint16_t shard) { dispatch_.place_changed(shard_id(shard)); },
        [this](probe_atom, std::uint16_t shard) { dispatch_.probe(shard_id(shard)); },
        [this](repeat_atom, const call_ptr& call) { dispatch_.repeat(call); },
        [this](sweep_atom) { dispatch_.sweep(); },
    };
  }

 private:
  steady_clock::time_point now() const override { return steady_clock::now(); }

  void ask_here(const call_ptr& call, frame what, asked how) override {
    auto shard = call->shard.value;
    switch (call->kind) {
      case request_kind::command:
        if (call->for_shard) return ask(call, shards_[shard], std::move(what));
        return how == asked::again ? ask(call, router_, again_atom::value, shard, std::move(what))
                                   : ask(call, router_, command_atom::value, shard, std::move(what));
      case request_kind::read: return ask(call, router_, read_atom::value, shard, std::move(what));
      case request_kind::peek: return ask(call, router_, peek_atom::value, shard, std::move(what));
    }
  }

  template <class... Parts>
  void ask(const call_ptr& call, const caf::actor& whom, Parts&&... parts) {
    request(whom, caf::infinite, std::forward<Parts>(parts)...)
        .then([this, call](const frame& f) { dispatch_.answered(call, f); },
              [this, call](const caf::error& e) { dispatch_.failed(call, failure_of(e)); });
  }

  // Whoever still holds an answer must not keep the gateway alive.
  std::function<void(result<frame>)> mailbox(const call_ptr& call) override {
    return [to = address(), call](result<frame> got) {
      if (auto gateway = caf::actor_cast<caf::actor>(to))
        caf::anon_send(gateway, std::make_shared<peer_reply>(peer_reply{call, std::move(got)}));
    };
  }

  void probe_after(milliseconds wait, shard_id shard) override {
    delayed_send(this, wait, probe_atom::value, shard.value);
  }
  void repeat_after(milliseconds wait, const call_ptr& call) override {
    delayed_send(this, wait, repeat_atom::value, call);
  }
  void sweep_after(milliseconds wait) override { delayed_send(this, wait, sweep_atom::value); }
  std::string draw_text() override { return troupe::draw_text(); }

  caf::actor router_;
  std::vector<caf::actor> shards_;
  dispatch dispatch_;
};

}  // namespace

caf::actor spawn_gateway(caf::actor_system& system, caf::actor router, std::vector<caf::actor> shards,
                         gateway_peers cluster) {
  return system.spawn<gateway_body>(std::move(router), std::move(shards), std::move(cluster));
}

}  // namespace troupe
