#include "actors/presence/actor.hpp"

#include <spdlog/spdlog.h>
#include <caf/all.hpp>

#include <mutex>

#include "actors/presence/stream.hpp"
#include "actors/runtime/presence_message.hpp"

namespace troupe {

namespace {

using namespace std::chrono_literals;
constexpr auto gather = 50ms;  // what comes within it is told together
constexpr auto answer_deadline = 5s;
constexpr auto pause_after_failure = 500ms;

// Shared by a subscription and the actor: after close() the sink is not called any more.
struct presence_gate {
  std::mutex mutex;
  presence::sink tell;
};

struct presence_asked {
  node_id from;
  frame question;
  network::reply_to reply;
};
struct presence_answered {
  node_id by;
  std::uint64_t stream = 0;
  result<frame> got;
};
struct presence_peer {
  node_id peer;
  peer_event what;
};

using session_ptr = std::shared_ptr<present_session>;
using gate_ptr = std::shared_ptr<presence_gate>;
using asked_ptr = std::shared_ptr<presence_asked>;
using answered_ptr = std::shared_ptr<presence_answered>;
using peer_ptr = std::shared_ptr<presence_peer>;

using went_atom = caf::atom_constant<caf::atom("went")>;
using tell_atom = caf::atom_constant<caf::atom("tell")>;

}  // namespace

}  // namespace troupe

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::session_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::gate_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::asked_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::answered_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::peer_ptr)

namespace troupe {

namespace {

class presence_body final : public caf::event_based_actor {
 public:
  presence_body(caf::actor_config& cfg, network& peers) : caf::event_based_actor(cfg), peers_(peers) {}
  const char* name() const override { return "presence"; }

 protected:
  caf::behavior make_behavior() override {
    return {
        [this](const session_ptr& who) {
          roster_.came(std::move(*who));
          tell_soon(gather);
        },
        [this](went_atom, std::uint64_t number) {
          if (!roster_.went(number)) return;
          for (auto& [peer, stream] : streams_) stream.went(number);
          tell_soon(gather);
        },
        [this](tell_atom) {
          is_to_tell_ = false;
          for (auto& [peer, stream] : streams_) tell(peer, stream);
        },
        [this](const gate_ptr& gate) {
          gate_ = gate;
          ears_.clear();  // every peer begins anew
        },
        [this](const asked_ptr& a) { a->reply(encode(hear(*a))); },
        [this](const answered_ptr& a) { answered(*a); },
        [this](const peer_ptr& p) { changed(*p); },
    };
  }

 private:
  void tell_soon(std::chrono::milliseconds in) {
    if (!streams_.empty() && !std::exchange(is_to_tell_, true)) delayed_send(this, in, tell_atom::value);
  }

  void tell(node_id peer, presence_stream& stream) {
    auto message = stream.next(roster_);
    if (!message) return;
    peers_.ask(peer, traffic::command, encode(*message), answer_deadline,
               [to = address(), peer, number = message->stream](result<frame> got) {
                 if (auto self = caf::actor_cast<caf::actor>(to))
                   caf::anon_send(self, std::make_shared<presence_answered>(
                                            presence_answered{peer, number, std::move(got)}));
               });
  }

  void answered(const presence_answered& a) {
    auto it = streams_.find(a.by);
    if (it == streams_.end()) return;
    auto step = a.got ? decode_presence_step(*a.got) : result<presence_step>(a.got.error());
    if (step && *step == presence_step::in_step) {
      it->second.acknowledged(a.stream);
      return tell_soon(gather);
    }
    it->second.failed(a.stream);
    tell_soon(pause_after_failure);
  }

  presence_step hear(const presence_asked& a) {
    auto message = decode_presence_message(a.question);
    if (!message) spdlog::warn("presence: {}", message.error().detail);
    auto news = message ? ears_[a.from].take(a.from, std::move(*message)) : std::nullopt;
    if (!news) return presence_step::out_of_step;
    pass(*news);
    return presence_step::in_step;
  }

  void changed(const presence_peer& p) {
    ears_.erase(p.peer);
    streams_.erase(p.peer);
    if (p.what == peer_event::disconnected) return pass({p.peer, presence_news::relation::replaces, {}, {}});
    streams_.emplace(p.peer, presence_stream(streams_begun_));
    tell_soon(gather);
  }

  void pass(const presence_news& news) {
    if (!gate_) return;
    std::lock_guard lock(gate_->mutex);
    if (gate_->tell) gate_->tell(news);
  }

  network& peers_;
  presence_roster roster_;
  std::map<node_id, presence_stream> streams_;  // of those who are connected
  std::map<node_id, presence_ear> ears_;
  gate_ptr gate_;
  std::uint64_t streams_begun_ = 0;
  bool is_to_tell_ = false;
};

class presence_subscription final : public subscription {
 public:
  explicit presence_subscription(gate_ptr gate) : gate_(std::move(gate)) {}
  ~presence_subscription() override {
    std::lock_guard lock(gate_->mutex);
    gate_->tell = nullptr;
  }

 private:
  gate_ptr gate_;
};

class presence_handle final : public presence {
 public:
  presence_handle(caf::actor_system& system, network& peers)
      : self_(peers.self()), actor_(system.spawn<presence_body>(peers)) {
    auto post = [to = actor_.address()](auto message) {
      if (auto self = caf::actor_cast<caf::actor>(to)) caf::anon_send(self, std::move(message));
    };
    peers.on_ask(frame_kind::presence_news, [post](node_id from, frame question, network::reply_to reply) {
      post(std::make_shared<presence_asked>(presence_asked{from, std::move(question), std::move(reply)}));
    });
    peers.on_peer([post](node_id peer, peer_event what) {
      post(std::make_shared<presence_peer>(presence_peer{peer, what}));
    });
  }
  ~presence_handle() override { caf::anon_send_exit(actor_, caf::exit_reason::user_shutdown); }

  node_id self() const override { return self_; }
  void came(present_session who) override {
    caf::anon_send(actor_, std::make_shared<present_session>(std::move(who)));
  }
  void went(std::uint64_t number) override { caf::anon_send(actor_, went_atom::value, number); }
  std::unique_ptr<subscription> follow(sink tell) override {
    auto gate = std::make_shared<presence_gate>();
    gate->tell = std::move(tell);
    caf::anon_send(actor_, gate);
    return std::make_unique<presence_subscription>(std::move(gate));
  }

 private:
  const node_id self_;
  caf::actor actor_;
};

}  // namespace

std::unique_ptr<presence> spawn_presence(caf::actor_system& system, network& peers) {
  return std::make_unique<presence_handle>(system, peers);
}

}  // namespace troupe
