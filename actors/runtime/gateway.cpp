#include "actors/runtime/gateway.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <deque>
#include <random>

#include "actors/runtime/identity.hpp"
#include "protocol/limits.hpp"

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

constexpr auto sweep_every = seconds(1);
// Between two tries of a shard whose leader is in doubt; a change of the directory ends the pause.
constexpr auto pause_min = milliseconds(5), pause_max = milliseconds(120);
constexpr auto in_flight_pause = milliseconds(50);
// Those who lost each other may find each other again: only then a minority is one.
constexpr auto settled_after = milliseconds(300);

constexpr std::string_view unknown_text =
    "no answer in time: it may or may not have taken effect. Send it again with the same Idempotency-Key or "
    "the "
    "same ids";

failure failure_of(const caf::error& e) {
  if (e == caf::sec::request_timeout) return {errc::timed_out, std::string(unknown_text), milliseconds(1000)};
  return {errc::unavailable, "this node is stopping: send again", milliseconds(500)};
}

// Keeps the deadlines of its calls itself: a timer of CAF's for each would wake its clock's thread at every call.
class gateway_body final : public caf::event_based_actor {
 public:
  gateway_body(caf::actor_config& cfg, caf::actor router, std::vector<caf::actor> shards,
               gateway_peers cluster)
      : caf::event_based_actor(cfg),
        router_(std::move(router)),
        shards_(std::move(shards)),
        cluster_(std::move(cluster)),
        lines_(shards_.size()),
        random_(static_cast<unsigned>(id())) {}
  const char* name() const override { return "gateway"; }
  void on_exit() override {
    router_ = nullptr;
    shards_.clear();
    open_.clear();
    lines_.clear();
  }

 protected:
  caf::behavior make_behavior() override {
    return {
        [this](const call_ptr& call) { take(call); },
        [this](const peer_reply_ptr& r) { peer_replied(*r); },
        [this](place_atom, std::uint16_t shard) { go_on(shard); },
        [this](probe_atom, std::uint16_t shard) { probe(shard); },
        [this](repeat_atom, const call_ptr& call) { attempt(call); },
        [this](sweep_atom) { sweep(); },
    };
  }

 private:
  using clock = steady_clock;
  enum class origin : std::uint8_t { here, peer };

  // The calls of a shard whose leader is in doubt.
  struct line {
    bool in_doubt = false;
    bool is_armed = false;
    milliseconds pause{0};
    std::deque<call_ptr> waiting;
  };

  void take(const call_ptr& call) {
    while (!open_.empty() && open_.front().second.expired()) open_.pop_front();
    call->deadline = clock::now() + call->wait;
    // Served ones may be due earlier: who asked keeps that deadline.
    open_.emplace_back(clock::now() + milliseconds(limits::command_deadline_ms), call);
    if (!std::exchange(sweeping_, true)) delayed_send(this, sweep_every, sweep_atom::value);
    if (call->shard.value >= shards_.size())
      return finish(*call, failure{errc::internal, "there is no shard " + std::to_string(call->shard.value)});
    auto& l = lines_[call->shard.value];
    if (!l.in_doubt || call->served || call->kind == request_kind::peek) return attempt(call);
    // Whoever is in the minority is told at once.
    if (auto next = choose(*call); next.where == route::to::refuse) return finish(*call, next.why);
    l.waiting.push_back(call);
    arm(call->shard.value);
  }

  // --- one try

  route choose(const shard_call& call) {
    route_facts known{cluster_.links->self(), cluster_.directory->of(call.shard), cluster_.links->connected(),
                      cluster_.links->quiet_for() >= settled_after};
    if (call.is_elsewhere) std::erase(known.place.voters, known.self);
    return choose_route(known, call.shard, call.kind, call.relays, ++turns_);
  }

  bool is_alone(shard_id shard) const {
    if (!cluster_.peers) return true;
    auto place = cluster_.directory->of(shard);
    return place.voters.size() == 1 && place.voters.front() == cluster_.links->self();
  }

  void attempt(const call_ptr& call) {
    if (!call->done && !call->served) return;  // its deadline has passed
    if (!cluster_.peers || (call->served && call->relays == 0)) return ask_here(call);
    auto next = choose(*call);
    switch (next.where) {
      case route::to::here: return ask_here(call);
      case route::to::node: return ask_peer(call, next.who, next.relays);
      case route::to::refuse: return finish(*call, call->is_unknown ? unknown(*call) : next.why);
      case route::to::wait: return call->served ? finish(*call, not_here()) : wait(call);
    }
  }

  static failure not_here() {
    return {errc::not_leader, "this node does not lead the shard and knows nobody who does",
            milliseconds(100)};
  }

  // Before it may have to be sent twice.
  bool identify(shard_call& call) {
    if (call.kind != request_kind::command || call.has_identity || call.served) return true;
    auto command = call.request.open(frame_kind::command);
    auto how = command ? repeatable_of(*command) : repeatable::never;
    if (how == repeatable::with_key) call.request = frame::of(frame_kind::command, with_drawn_key(*command));
    call.has_identity = how != repeatable::never;
    return call.has_identity;
  }

  void ask_here(const call_ptr& call) {
    bool alone = is_alone(call->shard);
    if (!alone) identify(*call);
    begin(*call);
    auto shard = call->shard.value;
    // A node that is alone asks once.
    auto request_frame = !cluster_.peers || call->served ? std::move(call->request) : call->request;
    auto answered = [this, call](const frame& f) { on_answer(call, f, origin::here); };
    auto failed = [this, call](const caf::error& e) { on_failure(call, failure_of(e)); };
    switch (call->kind) {
      case request_kind::command:
        if (call->for_shard)
          return request(shards_[shard], caf::infinite, std::move(request_frame)).then(answered, failed);
        if (call->again || call->is_unknown)
          return request(router_, caf::infinite, again_atom::value, shard, std::move(request_frame))
              .then(answered, failed);
        return request(router_, caf::infinite, command_atom::value, shard, std::move(request_frame))
            .then(answered, failed);
      case request_kind::read:
        return request(router_, caf::infinite, read_atom::value, shard, std::move(request_frame))
            .then(answered, failed);
      case request_kind::peek:
        return request(router_, caf::infinite, peek_atom::value, shard, std::move(request_frame))
            .then(answered, failed);
    }
  }

  void ask_peer(const call_ptr& call, node_id who, std::uint8_t relays) {
    identify(*call);
    auto left = duration_cast<milliseconds>(call->deadline - clock::now());
    if (left.count() <= 0) return finish(*call, call->is_unknown ? unknown(*call) : too_late(*call));
    auto question = encode(shard_question{call->shard, call->kind, left, call->again || call->is_unknown,
                                          relays, call->request});
    auto bytes = question.bytes.size();
    if (!cluster_.links->take(who, bytes))
      return finish(*call,
                    failure{errc::overloaded,
                            "Too many requests wait for the node that leads this shard. Nothing was done.",
                            seconds(1)});
    begin(*call);
    // Whoever still holds an answer must not keep the gateway alive.
    cluster_.peers->ask(
        who, traffic::command, std::move(question), left,
        [to = address(), links = cluster_.links, call, who, bytes](result<frame> got) {
          links->give_back(who, bytes);
          auto gateway = caf::actor_cast<caf::actor>(to);
          if (gateway)
            caf::anon_send(gateway, std::make_shared<peer_reply>(peer_reply{call, std::move(got)}));
        });
  }

  void begin(shard_call& call) {
    call.is_trying = true;
    ++call.tries;
  }

  void peer_replied(const peer_reply& r) {
    auto& call = r.call;
    if (!call->done && !call->served) return;
    if (!r.got) {
      call->is_unknown = call->is_unknown || call->kind == request_kind::command;
      return on_failure(call, {errc::unavailable, r.got.error().detail, milliseconds(200)});
    }
    auto answer = decode_shard_answer(*r.got);
    if (!answer) return on_failure(call, answer.error());
    cluster_.directory->hear(answer->shard, answer->place);
    on_answer(call, answer->answer, origin::peer);
  }

  // --- what came of it

  void on_answer(const call_ptr& call, const frame& f, origin from) {
    if (auto served = std::exchange(call->served, nullptr)) return served(f);
    if (!call->done) return;
    call->is_trying = false;
    auto payload = call->kind == request_kind::command ? storage::payload_of_reply(f)
                                                       : storage::payload_of_query_result(f);
    if (!payload) {
      if (call->kind == request_kind::peek && from == origin::here &&
          payload.error().code == errc::not_leader)
        call->is_elsewhere = true;
      return on_failure(call, payload.error());
    }
    finish(*call, std::move(payload));
    if (call->kind != request_kind::peek) sound(call->shard.value);
  }

  void on_failure(const call_ptr& call, const failure& why) {
    if (call->served) return finish(*call, why);
    if (!call->done) return;
    call->is_trying = false;
    // A node whose shard has no other replica knows no better place; one whose shard was just sealed does.
    bool final = !cluster_.peers || (is_alone(call->shard) && why.code != errc::not_leader);
    if (final) return finish(*call, why);
    call->last = why;
    switch (why.code) {
      case errc::timed_out:
        if (call->kind == request_kind::command) {
          if (!call->has_identity) return finish(*call, why);
          call->is_unknown = true;
        }
        return wait(call);
      case errc::unavailable:
        if (call->is_unknown && !call->has_identity) return finish(*call, unknown(*call));
        return wait(call);
      case errc::not_leader: return wait(call);
      case errc::in_flight:  // an earlier try of this very call
        if (call->tries < 2) break;
        delayed_send(this, in_flight_pause, repeat_atom::value, call);
        return;
      default: break;
    }
    finish(*call, why);
    sound(call->shard.value);  // whoever says this leads
  }

  // Once: what comes after the deadline is dropped.
  static void finish(shard_call& call, result<std::string> answer) {
    call.is_trying = false;
    if (auto served = std::exchange(call.served, nullptr))
      return served(call.kind == request_kind::command ? storage::reply_of(answer.error())
                                                       : storage::query_result_of(answer.error()));
    if (auto done = std::exchange(call.done, nullptr)) done(std::move(answer));
  }

  static failure unknown(const shard_call& call) {
    return {errc::timed_out,
            "The shard's leader was lost (" + call.last.detail + "); " + std::string(unknown_text),
            milliseconds(1000)};
  }

  static failure too_late(const shard_call& call) {
    return {errc::unavailable,
            "no leader of shard " + std::to_string(call.shard.value) + " was found in time" +
                (call.last.detail.empty() ? std::string() : ": " + call.last.detail),
            milliseconds(1000)};
  }

  // --- while the leader is in doubt

  void wait(const call_ptr& call) {
    auto& l = lines_[call->shard.value];
    l.in_doubt = true;
    l.waiting.push_back(call);
    arm(call->shard.value);
  }

  void arm(std::uint16_t shard) {
    auto& l = lines_[shard];
    if (std::exchange(l.is_armed, true)) return;
    l.pause = std::clamp<milliseconds>(l.pause * 2, pause_min, pause_max);
    std::uniform_int_distribution<std::int64_t> jitter(l.pause.count() / 2, l.pause.count() * 3 / 2);
    delayed_send(this, milliseconds(jitter(random_)), probe_atom::value, shard);
  }

  // The oldest tries. If it fails it comes back to the line.
  void probe(std::uint16_t shard) {
    auto& l = lines_[shard];
    l.is_armed = false;
    while (!l.waiting.empty()) {
      auto call = l.waiting.front();
      l.waiting.pop_front();
      if (!call->done) continue;
      if (!l.waiting.empty()) arm(shard);
      auto next = choose(*call);
      if (next.where != route::to::refuse) return attempt(call);
      refuse_all(shard, call, next.why);
      return;
    }
    l.in_doubt = false;
  }

  void refuse_all(std::uint16_t shard, const call_ptr& first, const failure& why) {
    auto all = std::exchange(lines_[shard].waiting, {});
    all.push_front(first);
    for (auto& call : all)
      if (call->done) finish(*call, call->is_unknown ? unknown(*call) : why);
  }

  void sound(std::uint16_t shard) {
    auto& l = lines_[shard];
    if (l.in_doubt) go_on(shard);
  }

  // More is known: all try.
  void go_on(std::uint16_t shard) {
    if (shard >= lines_.size()) return;
    auto& l = lines_[shard];
    l.in_doubt = false;
    l.pause = milliseconds(0);
    for (auto& call : std::exchange(l.waiting, {})) attempt(call);
  }

  void sweep() {
    auto now = clock::now();
    while (!open_.empty() && (open_.front().second.expired() || open_.front().first <= now)) {
      auto late = open_.front().second.lock();
      open_.pop_front();
      if (!late) continue;
      bool unclear = late->is_unknown || late->is_trying;
      finish(*late, unclear ? failure_of(caf::sec::request_timeout) : too_late(*late));
    }
    sweeping_ = !open_.empty();
    if (sweeping_) delayed_send(this, sweep_every, sweep_atom::value);
  }

  caf::actor router_;
  std::vector<caf::actor> shards_;
  const gateway_peers cluster_;
  std::vector<line> lines_;
  std::minstd_rand random_;
  std::size_t turns_ = 0;
  // In the order of their deadlines; those that were answered fall out when they are the oldest.
  std::deque<std::pair<clock::time_point, std::weak_ptr<shard_call>>> open_;
  bool sweeping_ = false;
};

}  // namespace

caf::actor spawn_gateway(caf::actor_system& system, caf::actor router, std::vector<caf::actor> shards,
                         gateway_peers cluster) {
  return system.spawn<gateway_body>(std::move(router), std::move(shards), std::move(cluster));
}

}  // namespace troupe
