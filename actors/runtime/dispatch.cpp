#include "actors/runtime/dispatch.hpp"

#include <algorithm>

#include "actors/runtime/identity.hpp"
#include "actors/runtime/router.hpp"

namespace troupe {

namespace {

using namespace std::chrono;

// Between two tries of a shard whose leader is in doubt; a change of the directory ends the pause.
constexpr auto pause_min = milliseconds(5), pause_max = milliseconds(120);
constexpr auto in_flight_pause = milliseconds(50);
// Those who lost each other may find each other again: only then a minority is one.
constexpr auto settled_after = milliseconds(300);

constexpr std::string_view unknown_text =
    "no answer in time: it may or may not have taken effect. Send it again with the same Idempotency-Key or "
    "the same ids";

failure unknown(const shard_call& call) {
  return {errc::timed_out,
          "The shard's leader was lost (" + call.last.detail + "); " + std::string(unknown_text),
          milliseconds(1000)};
}

failure too_late(const shard_call& call) {
  return {errc::unavailable,
          "no leader of shard " + std::to_string(call.shard.value) + " was found in time" +
              (call.last.detail.empty() ? std::string() : ": " + call.last.detail),
          milliseconds(1000)};
}

failure not_here() {
  return {errc::not_leader, "this node does not lead the shard and knows nobody who does", milliseconds(100)};
}

}  // namespace

call_ptr call_of(shard_question question, const shard_directory& directory, network::reply_to reply) {
  auto call = std::make_shared<shard_call>();
  call->shard = question.shard;
  call->kind = question.kind;
  call->request = std::move(question.request);
  call->wait = std::min(question.wait, milliseconds(limits::command_deadline_ms));
  call->again = question.again;
  call->relays = std::min<std::uint8_t>(question.relays, 1);
  if (auto command = call->request.open(frame_kind::command)) call->for_shard = is_for_shard(*command);
  call->served = [&directory, shard = question.shard, reply = std::move(reply)](frame answer) {
    reply(encode(shard_answer{shard, directory.of(shard), std::move(answer)}));
  };
  return call;
}

failure dispatch::no_answer() { return {errc::timed_out, std::string(unknown_text), milliseconds(1000)}; }

dispatch::dispatch(dispatch_host& host, std::uint16_t shards, gateway_peers cluster, unsigned seed,
                   milliseconds wait_max)
    : host_(host), cluster_(std::move(cluster)), wait_max_(wait_max), lines_(shards), random_(seed) {}

void dispatch::clear() {
  open_.clear();
  lines_.clear();
}

void dispatch::take(const call_ptr& call) {
  while (!open_.empty() && open_.front().second.expired()) open_.pop_front();
  auto now = host_.now();
  call->deadline = now + call->wait;
  // Served ones may be due earlier: who asked keeps that deadline.
  open_.emplace_back(now + wait_max_, call);
  if (!std::exchange(sweeping_, true)) host_.sweep_after(sweep_every);
  if (call->shard.value >= lines_.size())
    return finish(*call, failure{errc::internal, "there is no shard " + std::to_string(call->shard.value)});
  auto& l = lines_[call->shard.value];
  if (!l.in_doubt || call->served || call->kind == request_kind::peek) return attempt(call);
  // Whoever is in the minority is told at once.
  if (auto next = choose(*call); next.where == route::to::refuse) return finish(*call, next.why);
  l.waiting.push_back(call);
  arm(call->shard);
}

// --- one try

route dispatch::choose(const shard_call& call) {
  route_facts known{cluster_.links->self(), cluster_.directory->of(call.shard), cluster_.links->connected(),
                    cluster_.links->quiet_for(host_.now()) >= settled_after};
  if (call.is_elsewhere) std::erase(known.place.voters, known.self);
  return choose_route(known, call.shard, call.kind, call.relays, ++turns_);
}

bool dispatch::is_alone(shard_id shard) const {
  if (!cluster_.peers) return true;
  auto place = cluster_.directory->of(shard);
  return place.voters.size() == 1 && place.voters.front() == cluster_.links->self();
}

void dispatch::attempt(const call_ptr& call) {
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

// Before it may have to be sent twice.
bool dispatch::identify(shard_call& call) {
  if (call.kind != request_kind::command || call.has_identity || call.served) return true;
  auto command = call.request.open(frame_kind::command);
  auto how = command ? repeatable_of(*command) : repeatable::never;
  if (how == repeatable::with_key)
    call.request = frame::of(frame_kind::command, with_drawn_key(*command, host_.draw_text()));
  call.has_identity = how != repeatable::never;
  return call.has_identity;
}

void dispatch::ask_here(const call_ptr& call) {
  if (!is_alone(call->shard)) identify(*call);
  call->is_trying = true;
  ++call->tries;
  auto how = call->again || call->is_unknown ? dispatch_host::asked::again : dispatch_host::asked::first;
  // A node that is alone asks once.
  auto request = !cluster_.peers || call->served ? std::move(call->request) : call->request;
  host_.ask_here(call, std::move(request), how);
}

void dispatch::ask_peer(const call_ptr& call, node_id who, std::uint8_t relays) {
  identify(*call);
  auto left = duration_cast<milliseconds>(call->deadline - host_.now());
  if (left.count() <= 0) return finish(*call, call->is_unknown ? unknown(*call) : too_late(*call));
  auto question = encode(
      shard_question{call->shard, call->kind, left, call->again || call->is_unknown, relays, call->request});
  auto bytes = question.bytes.size();
  if (!cluster_.links->take(who, bytes))
    return finish(
        *call,
        failure{errc::overloaded,
                "Too many requests wait for the node that leads this shard. Nothing was done.", seconds(1)});
  call->is_trying = true;
  ++call->tries;
  cluster_.peers->ask(who, traffic::command, std::move(question), left,
                      [links = cluster_.links, who, bytes, bring = host_.mailbox(call)](result<frame> got) {
                        links->give_back(who, bytes);
                        bring(std::move(got));
                      });
}

void dispatch::peer_answered(const call_ptr& call, const result<frame>& got) {
  if (!call->done && !call->served) return;
  if (!got) {
    call->is_unknown = call->is_unknown || call->kind == request_kind::command;
    return on_failure(call, {errc::unavailable, got.error().detail, milliseconds(200)});
  }
  auto answer = decode_shard_answer(*got);
  if (!answer) return on_failure(call, answer.error());
  cluster_.directory->hear(answer->shard, answer->place);
  on_answer(call, answer->answer, origin::peer);
}

// --- what came of it

void dispatch::on_answer(const call_ptr& call, const frame& f, origin from) {
  if (auto served = std::exchange(call->served, nullptr)) return served(f);
  if (!call->done) return;
  call->is_trying = false;
  auto payload = call->kind == request_kind::command ? storage::payload_of_reply(f)
                                                     : storage::payload_of_query_result(f);
  if (!payload) {
    if (call->kind == request_kind::peek && from == origin::here && payload.error().code == errc::not_leader)
      call->is_elsewhere = true;
    return on_failure(call, payload.error());
  }
  finish(*call, std::move(payload));
  if (call->kind != request_kind::peek) sound(call->shard);
}

void dispatch::on_failure(const call_ptr& call, const failure& why) {
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
      return host_.repeat_after(in_flight_pause, call);
    default: break;
  }
  finish(*call, why);
  sound(call->shard);  // whoever says this leads
}

// Once: what comes after the deadline is dropped.
void dispatch::finish(shard_call& call, result<std::string> answer) {
  call.is_trying = false;
  if (auto served = std::exchange(call.served, nullptr))
    return served(call.kind == request_kind::command ? storage::reply_of(answer.error())
                                                     : storage::query_result_of(answer.error()));
  if (auto done = std::exchange(call.done, nullptr)) done(std::move(answer));
}

// --- while the leader is in doubt

void dispatch::wait(const call_ptr& call) {
  auto& l = lines_[call->shard.value];
  l.in_doubt = true;
  l.waiting.push_back(call);
  arm(call->shard);
}

void dispatch::arm(shard_id shard) {
  auto& l = lines_[shard.value];
  if (std::exchange(l.is_armed, true)) return;
  l.pause = std::clamp<milliseconds>(l.pause * 2, pause_min, pause_max);
  std::uniform_int_distribution<std::int64_t> jitter(l.pause.count() / 2, l.pause.count() * 3 / 2);
  host_.probe_after(milliseconds(jitter(random_)), shard);
}

// The oldest tries. If it fails it comes back to the line.
void dispatch::probe(shard_id shard) {
  auto& l = lines_[shard.value];
  l.is_armed = false;
  while (!l.waiting.empty()) {
    auto call = l.waiting.front();
    l.waiting.pop_front();
    if (!call->done) continue;
    if (!l.waiting.empty()) arm(shard);
    auto next = choose(*call);
    if (next.where != route::to::refuse) return attempt(call);
    return refuse_all(shard, call, next.why);
  }
  l.in_doubt = false;
}

void dispatch::refuse_all(shard_id shard, const call_ptr& first, const failure& why) {
  auto all = std::exchange(lines_[shard.value].waiting, {});
  all.push_front(first);
  for (auto& call : all)
    if (call->done) finish(*call, call->is_unknown ? unknown(*call) : why);
}

void dispatch::sound(shard_id shard) {
  if (lines_[shard.value].in_doubt) place_changed(shard);
}

void dispatch::place_changed(shard_id shard) {
  if (shard.value >= lines_.size()) return;
  auto& l = lines_[shard.value];
  l.in_doubt = false;
  l.pause = milliseconds(0);
  for (auto& call : std::exchange(l.waiting, {})) attempt(call);
}

void dispatch::sweep() {
  auto now = host_.now();
  while (!open_.empty() && (open_.front().second.expired() || open_.front().first <= now)) {
    auto late = open_.front().second.lock();
    open_.pop_front();
    if (!late) continue;
    bool unclear = late->is_unknown || late->is_trying;
    finish(*late, unclear ? no_answer() : too_late(*late));
  }
  sweeping_ = !open_.empty();
  if (sweeping_) host_.sweep_after(sweep_every);
}

}  // namespace troupe
