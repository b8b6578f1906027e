// See channel_wire.hpp.
#include "tests/sim/channel_wire.hpp"

#include "tests/sim/node.hpp"

namespace troupe::sim {

namespace {

using troupe::node::peer_channel;

constexpr std::uint64_t dial_again_ms = 1'000, resend_ms = 200;

channel_wire& at(world& w, node_id id) { return static_cast<channel_wire&>(w.at(id).wires()); }

failure gone() { return {errc::unavailable, "the connection is gone", {}}; }

}  // namespace

// What is on its way outlives who sent it, and may come when the connection is over.
class channel_wire::stream : public std::enable_shared_from_this<stream> {
 public:
  using arrival = std::function<void(channel_wire&)>;

  stream(world& w, node_id from, node_id to) : world_(w), from_(from), to_(to) {}

  void put(arrival what) {
    ++world_.tally().messages;
    waiting_.push_back(std::move(what));
    if (waiting_.size() == 1) move_on(delay());
  }
  void drop() { waiting_.clear(); }

 private:
  // What the network loses or holds up comes later, and what follows waits for it.
  std::uint64_t delay() {
    auto& dice = world_.chance();
    const auto& now = world_.current();
    if (dice.chance(now.loss)) return resend_ms + dice.between(0, resend_ms);
    if (world_.chaos() && dice.chance(now.straggling)) return dice.between(0, 3'000);
    return dice.between(0, now.delay_ms_max);
  }

  void move_on(std::uint64_t ms) {
    world_.after(ms, [me = shared_from_this()] { me->deliver(); });
  }

  void deliver() {
    if (waiting_.empty()) return;
    if (!world_.connected(from_, to_)) return move_on(resend_ms);
    auto what = std::move(waiting_.front());
    waiting_.pop_front();
    auto& there = world_.at(to_);
    if (there.up())
      there.while_running(0, [&w = world_, to = to_, what = std::move(what)] { what(at(w, to)); });
    if (!waiting_.empty()) move_on(world_.chance().chance(0.5) ? 0 : delay());
  }

  world& world_;
  const node_id from_, to_;
  std::deque<arrival> waiting_;
};

channel_wire::channel_wire(world& w, node& home)
    : world_(w), home_(home), handlers_(std::make_shared<troupe::node::peer_handlers>()) {
  for (auto [kind, by] : {std::pair{frame_kind::raft, channel::raft},
                          std::pair{frame_kind::generation_message, channel::generations}})
    on_post(kind, [this, kind = kind, by = by](node_id from, const frame& message) {
      home_.receive(from, by, std::string(*message.open(kind)));
    });
}

channel_wire::~channel_wire() = default;

node_id channel_wire::self() const { return home_.id(); }

channel_wire::end& channel_wire::with(node_id peer) {
  auto& e = ends_[peer];
  if (!e.channel) {
    e.channel = std::make_shared<peer_channel>(peer, handlers_, world_.room(), [&w = world_] {
      return peer_channel::clock::time_point(std::chrono::milliseconds(w.now()));
    });
    e.channel->on_work([this, peer] { home_.while_running(0, [this, peer] { work(peer); }); });
  }
  return e;
}

std::uint64_t channel_wire::session_with(node_id peer) const {
  auto found = ends_.find(peer);
  return found == ends_.end() ? 0 : found->second.session;
}

bool channel_wire::is_whole(node_id peer) const {
  return world_.at(peer).up() && session_with(peer) == at(world_, peer).session_with(self());
}

// --- what a node's parts want of it

void channel_wire::on_post(frame_kind kind, std::function<void(node_id, frame)> take) {
  handlers_->posts[kind] = std::move(take);
}

void channel_wire::on_ask(frame_kind kind, std::function<void(node_id, frame, reply_to)> take) {
  handlers_->asks[kind] = std::move(take);
}

void channel_wire::on_peer(std::function<void(node_id, peer_event)> tell) {
  handlers_->listeners.push_back(std::move(tell));
}

void channel_wire::post(node_id to, traffic kind, frame message) {
  with(to).channel->post(kind, std::move(message));
}

void channel_wire::ask(node_id to, traffic kind, frame question, std::chrono::milliseconds deadline,
                       answer done) {
  ++world_.tally().questions;
  with(to).channel->ask(kind, question, deadline, done);
}

void channel_wire::send(node_id to, channel by, std::string bytes) {
  auto kind = by == channel::raft ? frame_kind::raft : frame_kind::generation_message;
  post(to, traffic::consensus, frame::of(kind, bytes));
}

// --- connections

void channel_wire::connect(node_id peer) {
  auto& e = with(peer);
  if (self() < peer || e.session != 0 || world_.now() < e.dial_at_ms) return;
  e.dial_at_ms = world_.now() + dial_again_ms;
  e.dialling = world_.draw_number();
  // Once, also if the node there has been started anew meanwhile: it opens a connection that is gone then.
  auto has_come = std::make_shared<bool>(false);
  world_.carry(self(), peer, [&w = world_, from = self(), peer, has_come, session = e.dialling] {
    if (!std::exchange(*has_come, true)) at(w, peer).take_hello(from, session);
  });
}

void channel_wire::take_hello(node_id from, std::uint64_t session) {
  auto& e = with(from);
  if (session <= e.heard) return;
  e.heard = session;
  open(from, session);
  e.out->put([from = self(), session](channel_wire& there) { there.take_welcome(from, session); });
  begin(from, session);
}

void channel_wire::take_welcome(node_id from, std::uint64_t session) {
  auto& e = with(from);
  if (e.dialling != session) return;
  e.dialling = 0;
  open(from, session);
  begin(from, session);
}

void channel_wire::open(node_id peer, std::uint64_t session) {
  hang_up(peer);
  auto& e = with(peer);
  e.session = session;
  e.out = std::make_shared<stream>(world_, self(), peer);
}

void channel_wire::begin(node_id peer, std::uint64_t session) {
  with(peer).channel->begin(session);
  work(peer);
}

void channel_wire::hang_up(node_id peer) {
  auto& e = with(peer);
  if (e.session == 0) return;
  e.session = 0;
  if (world_.chance().chance(0.5)) e.out->drop();
  world_.tally().no_room += e.channel->counters().no_room;
  e.channel->end(gone());
}

void channel_wire::disconnect(node_id peer) { hang_up(peer); }

// --- packets

void channel_wire::work(node_id peer) {
  auto& e = with(peer);
  while (auto packet = e.channel->next_packet())
    e.out->put([from = self(), packet = std::move(*packet)](channel_wire& there) {
      there.take_packet(from, packet);
    });
  auto due = e.channel->settle_due();
  if (!due) return;
  auto due_ms = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(due->time_since_epoch()).count());
  if (e.settle_at_ms > world_.now() && e.settle_at_ms <= due_ms) return;
  e.settle_at_ms = due_ms;
  home_.while_running(due_ms - std::min(due_ms, world_.now()), [this, peer] { work(peer); });
}

void channel_wire::take_packet(node_id from, const frame& packet) {
  auto came = packet;
  if (world_.options().plant == plant::keep_room) {
    auto p = troupe::node::read_packet(packet);
    p->taken = {};
    came = troupe::node::to_frame(*p);
  }
  auto& e = with(from);
  if (auto taken = e.channel->take(came); !taken)
    throw violation("a packet was not taken: " + taken.error().detail);
  work(from);
}

}  // namespace troupe::sim
