// See loose_wire.hpp.
#include "tests/sim/loose_wire.hpp"

#include "tests/sim/node.hpp"

namespace troupe::sim {

namespace {

frame_kind kind_of(const frame& f) { return static_cast<frame_kind>(static_cast<unsigned char>(f.bytes[0])); }

failure gone() { return {errc::unavailable, "the connection is gone", {}}; }

loose_wire& at(world& w, node_id id) { return static_cast<loose_wire&>(w.at(id).wires()); }

}  // namespace

node_id loose_wire::self() const { return home_.id(); }

void loose_wire::send(node_id to, channel by, std::string bytes) {
  world_.send(self(), to, by, std::move(bytes));
}

void loose_wire::post(node_id to, traffic, frame message) {
  world_.carry(self(), to, [&w = world_, from = self(), to, message = std::move(message)] {
    auto& posts = at(w, to).posts_;
    if (auto found = posts.find(kind_of(message)); found != posts.end()) found->second(from, message);
  });
}

void loose_wire::ask(node_id to, traffic, frame question, std::chrono::milliseconds deadline, answer done) {
  auto number = world_.draw_number();
  ++world_.tally().questions;
  open_.emplace(number, asked{to, std::move(done)});
  if (!is_connected(to)) return home_.while_running(0, [this, number] { settle(number, gone()); });
  home_.while_running(static_cast<std::uint64_t>(deadline.count()), [this, number] {
    settle(number, failure{errc::timed_out, "that node did not answer in time", {}});
  });
  // Once, also if the node there has been started anew meanwhile: a connection's packets come once, and a second copy
  // would be given what the answer to the first one lacks.
  auto has_come = std::make_shared<bool>(false);
  world_.carry(self(), to,
               [&w = world_, from = self(), to, number, has_come, question = std::move(question)] {
                 if (!std::exchange(*has_come, true)) at(w, to).take_question(from, number, question);
               });
}

void loose_wire::take_question(node_id from, std::uint64_t number, frame question) {
  auto found = asks_.find(kind_of(question));
  if (found == asks_.end()) throw violation("a question that nobody takes");
  found->second(from, std::move(question), [this, from, number](const frame& reply) {
    world_.carry(self(), from, [&w = world_, from, number, reply] { at(w, from).settle(number, reply); });
  });
}

void loose_wire::settle(std::uint64_t number, result<frame> outcome) {
  auto it = open_.find(number);
  if (it == open_.end()) return;
  auto done = std::move(it->second.done);
  open_.erase(it);
  done(std::move(outcome));
}

void loose_wire::connect(node_id peer) {
  if (!connected_.insert(peer).second) return;
  for (auto& tell : listeners_) tell(peer, peer_event::connected);
}

void loose_wire::disconnect(node_id peer) {
  if (connected_.erase(peer) == 0) return;
  for (auto& tell : listeners_) tell(peer, peer_event::disconnected);
  std::vector<std::uint64_t> lost;
  for (auto& [number, a] : open_)
    if (a.whom == peer) lost.push_back(number);
  for (auto number : lost) settle(number, gone());
}

}  // namespace troupe::sim
