// See front.hpp.
#include "tests/sim/front.hpp"

#include <algorithm>

#include "protocol/message.hpp"
#include "protocol/schema/command.capnp.h"
#include "protocol/schema/query.capnp.h"
#include "storage/shard_client.hpp"
#include "tests/sim/node.hpp"
#include "tests/sim/wire.hpp"

namespace troupe::sim {

namespace {

using std::chrono::milliseconds;

constexpr std::uint16_t shard_count = easy_shard::id.value + 1;

milliseconds draw_wait(dice& d) { return milliseconds(d.chance(0.5) ? 15'000 : d.between(500, 4'000)); }

// The planted bug: what another node passes on loses the key under which it may be sent again.
frame without_key(const frame& request) {
  auto command = request.open(frame_kind::command);
  if (!command) return request;
  message_reader reader(*command);
  capnp::MallocMessageBuilder message;
  message.setRoot(reader.root<schema::Command>());
  message.getRoot<schema::Command>().disownIdempotencyKey();
  return frame::of(frame_kind::command, to_bytes(message));
}

}  // namespace

front::front(world& w, node& home, wire& wires)
    : world_(w),
      home_(home),
      wires_(wires),
      directory_(shard_count),
      links_(std::make_shared<peer_links>(home.id(), w.chance().between(1, 64),
                                          w.chance().between(1, 100'000), now())),
      wait_max_(draw_wait(w.chance())),
      dispatch_(*this, shard_count, {&wires, &directory_, links_}, static_cast<unsigned>(w.chance().next()),
                wait_max_),
      feeds_(w, home, {&wires, &directory_, links_},
             [this](std::string query, const follower::answered& done) {
               ask(request_kind::read, std::move(query), done);
             }),
      members_(w, home, wires, directory_, [this](std::string command, const membership::replied& done) {
        ask(request_kind::command, std::move(command), done);
      }) {
  directory_.know_self(home.id());
  listen();
}

front::~front() = default;

void front::listen() {
  directory_.on_change([this](shard_id, const shard_place&) { place_changed(); });
  wires_.on_peer([this](node_id peer, peer_event what) {
    links_->changed(peer, what, now());
    if (what == peer_event::disconnected) {
      feeds_.gone(peer);
      directory_.suspect(peer);
    }
    place_changed();
  });
  wires_.on_ask(frame_kind::shard_question, [this](node_id, const frame& question, network::reply_to reply) {
    auto q = decode_shard_question(question);
    if (!q) throw violation("a question that cannot be read");
    if (world_.options().plant == plant::forget_identity) q->request = without_key(q->request);
    dispatch_.take(call_of(std::move(*q), directory_, std::move(reply)));
  });
  wires_.on_ask(frame_kind::feed_message,
                [this](node_id from, const frame& question, network::reply_to reply) {
                  auto q = decode_feed_question(question);
                  if (!q) throw violation("a question that cannot be read");
                  feeds_.asked(from, *q, std::move(reply));
                });
}

void front::place_changed() {
  soon(milliseconds(0), [this] {
    feeds_.place_changed();
    dispatch_.place_changed(the_shard);
  });
}

bool front::is_isolated() const {
  auto voters = directory_.of(the_shard).voters;
  bool settled = links_->quiet_for(now()) >= milliseconds(300);
  return settled && !voters.empty() && std::none_of(voters.begin(), voters.end(), [&](node_id v) {
           return links_->is_connected(v) || (v == home_.id() && voters.size() == 1);
         });
}

void front::ask(request_kind kind, std::string payload, client::answer done) {
  auto call = std::make_shared<shard_call>();
  call->shard = the_shard;
  call->kind = kind;
  call->request = frame::of(kind == request_kind::command ? frame_kind::command : frame_kind::query, payload);
  call->wait = wait_max_;
  auto answered = std::make_shared<bool>(false);
  call->done = [answered, done = std::move(done)](result<std::string> reply) {
    if (std::exchange(*answered, true)) throw violation("a call was answered twice");
    done(std::move(reply));
  };
  bool isolated = kind != request_kind::peek && is_isolated();
  dispatch_.take(call);
  if (isolated && !*answered) throw violation("a node that reaches nobody does not refuse");
  soon(wait_max_ + dispatch::sweep_every + milliseconds(10), [answered] {
    if (!*answered) throw violation("a call is not answered by its deadline");
  });
}

void front::learn_voters(generation in, const std::vector<node_id>& voters) {
  directory_.learn_voters(the_shard, in, voters);
}

void front::learn_leader(generation in, term at, node_id leader) {
  directory_.learn_leader(the_shard, in, at, leader);
}

// --- what the dispatch wants

void front::soon(milliseconds wait, std::function<void()> action) {
  home_.while_running(static_cast<std::uint64_t>(wait.count()), std::move(action));
}

front::clock::time_point front::now() const { return clock::time_point(milliseconds(world_.now())); }

void front::ask_here(const call_ptr& call, frame request, asked) {
  if (call->kind == request_kind::command) {
    return home_.propose(std::string(request.open(frame_kind::command).value()),
                         [this, call](const result<std::string>& reply) { answer_command(call, reply); });
  }
  std::string query(request.open(frame_kind::query).value());
  if (call->kind == request_kind::read)
    return home_.read(
        [this, call, query](std::optional<log_index> seen) { answer_query(call, query, seen); });
  soon(milliseconds(0), [this, call, query] { answer_query(call, query, home_.peek()); });
}

void front::answer_command(const call_ptr& call, const result<std::string>& reply) {
  dispatch_.answered(call, reply ? frame::of(frame_kind::reply, *reply) : storage::reply_of(reply.error()));
}

// As a shard does, whose status here is how far it has applied.
void front::answer_query(const call_ptr& call, const std::string& query, std::optional<log_index> seen) {
  if (!seen)
    return dispatch_.answered(
        call, storage::query_result_of({errc::not_leader, "another node leads this shard", {}}));
  message_reader reader(query);
  if (!reader.root<schema::Query>().isStatus())
    return dispatch_.answered(call, frame::of(frame_kind::query_result, home_.answer(query)));
  capnp::MallocMessageBuilder message;
  message.initRoot<schema::QueryResult>().initStatus().setAppliedIndex(seen->value);
  dispatch_.answered(call, frame::of(frame_kind::query_result, to_bytes(message)));
}

std::function<void(result<frame>)> front::mailbox(const call_ptr& call) {
  return [this, call](result<frame> got) {
    soon(milliseconds(0), [this, call, got = std::move(got)] { dispatch_.peer_answered(call, got); });
  };
}

void front::probe_after(milliseconds wait, shard_id shard) {
  soon(wait, [this, shard] { dispatch_.probe(shard); });
}
void front::repeat_after(milliseconds wait, const call_ptr& call) {
  soon(wait, [this, call] { dispatch_.repeat(call); });
}
void front::sweep_after(milliseconds wait) {
  soon(wait, [this] { dispatch_.sweep(); });
}

std::string front::draw_text() { return std::to_string(world_.draw_number()); }

}  // namespace troupe::sim
