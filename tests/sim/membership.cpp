// See membership.hpp.
#include "tests/sim/membership.hpp"

#include <algorithm>
#include <variant>

#include "protocol/message.hpp"
#include "protocol/schema/query.capnp.h"
#include "tests/sim/node.hpp"
#include "tests/sim/wire.hpp"

namespace troupe::sim {

namespace {

using std::chrono::milliseconds;
namespace nodes = troupe::node;

constexpr auto answer_max = milliseconds(2'000), hand_over_max = milliseconds(5'000);
constexpr auto news_after = milliseconds(10);

nodes::steward_config config_of(node_id self, shard_directory& directory) {
  nodes::steward_config c;
  c.cluster_id = "simulated";
  c.self.id = self;
  c.self.level = 1;
  c.shard_count = 2;
  c.directory = &directory;
  c.look_changing = milliseconds(200);
  return c;
}

nodes::shard_report report_of(const storage::member& member) {
  nodes::shard_report r;
  r.shard = the_shard;
  r.generation = member.current();
  r.voters = member.voters();
  r.role = storage::to_string(member.phase());
  if (const auto* replica = member.replica()) {
    auto s = replica->status();
    r.role = s.role == raft_role::leader      ? "leader"
             : s.role == raft_role::candidate ? "candidate"
                                              : "follower";
    r.term = s.term;
    r.leader = s.leader;
    r.commit = s.commit.value;
    r.applied = replica->applied().value;
    r.last_seq = replica->last_seq().value;
  } else if (auto learnt = member.learning(); learnt && member.phase() == storage::member_phase::vacant) {
    r.role = "learning";
    r.generation = learnt->of;
    r.applied = learnt->reached.value;
  }
  if (member.fault()) {
    r.role = "closed";
    r.fault = member.fault()->detail;
  }
  return r;
}

nodes::shard_report report_of(easy_shard& shard, node_id by) {
  nodes::shard_report r;
  r.shard = easy_shard::id;
  r.generation = shard.current();
  r.voters = shard.voters();
  r.leader = shard.leader();
  r.term = term{shard.current().value};
  r.applied = r.commit = 1;
  r.role = r.leader == by         ? "leader"
           : shard.has(by)        ? "follower"
           : shard.has_taught(by) ? "learning"
                                  : "vacant";
  return r;
}

}  // namespace

membership::membership(world& w, node& home, wire& wires, shard_directory& directory, asker ask)
    : world_(w),
      home_(home),
      wires_(wires),
      ask_(std::move(ask)),
      steward_(*this, config_of(home.id(), directory)) {
  wires_.on_ask(frame_kind::membership_message,
                [this](node_id, const frame& question, const network::reply_to& reply) {
                  take_question(question, reply);
                });
  wires_.on_peer([this](node_id, peer_event) { look_in(news_after); });
  look_in(milliseconds(0));
}

void membership::soon(milliseconds wait, std::function<void()> action) {
  home_.while_running(static_cast<std::uint64_t>(wait.count()), std::move(action));
}

// --- looking

// The earlier of the two times counts.
void membership::look_in(milliseconds wait) {
  auto due = world_.now() + static_cast<std::uint64_t>(wait.count());
  if (due_ms_ != 0 && due >= due_ms_) return;
  due_ms_ = due;
  soon(wait, [this, number = ++looks_] {
    if (number == looks_) look();
  });
}

void membership::look() {
  due_ms_ = 0;
  look_in(steward_.pace());
  refresh();
  steward_.move_marks();
  ask_peers();
  steward_.act();
  look_in(steward_.pace());
}

void membership::refresh() {
  if (home_.member().readable()) {
    capnp::MallocMessageBuilder query;
    query.initRoot<schema::Query>().setClusterMap();
    auto bytes = home_.answer(to_bytes(query));
    message_reader reader(bytes);
    auto answer = reader.root<schema::QueryResult>();
    if (answer.isClusterMap()) steward_.learn(cluster::read_map(answer.getClusterMap()));
  }
  steward_.see_own(home_.clock().wall_us, report());
  told_ = steward_.sight().seen(home_.id())->report;
  if (world_.options().plant == plant::freeze_report) {
    if (first_seen_.value == 0) first_seen_ = home_.member().current();
    for (auto& s : told_.shards)
      if (s.shard == the_shard) s.generation = first_seen_;
  }
}

nodes::node_report membership::report() const {
  nodes::node_report own;
  own.node = home_.id();
  own.level = 1;
  own.ready = true;
  own.shards = {report_of(home_.member()), report_of(world_.easy(), home_.id())};
  for (const auto& n : world_.nodes())
    if (wires_.is_connected(n->id())) own.connected.push_back(n->id());
  return own;
}

// Who has been let in asks everybody, a stranger now and then anybody: whether it has been let in.
void membership::ask_peers() {
  auto peers = told_.connected;
  if (peers.empty()) return;
  if (!map().find(home_.id())) peers = {peers[world_.chance().next() % peers.size()]};
  for (auto peer : peers) ask_peer(peer);
}

void membership::ask_peer(node_id peer) {
  wires_.ask(peer, traffic::command, steward_.question(), answer_max,
             [this, peer, sent = home_.clock().wall_us](const result<frame>& answer) {
               if (!answer) return;
               auto again = steward_.heard(peer, sent, home_.clock().wall_us, *answer);
               if (again == nodes::steward::urgency::soon) look_in(news_after);
             });
}

void membership::take_question(const frame& question, const network::reply_to& reply) {
  auto said = nodes::decode_membership(question);
  if (!said) throw violation("a question about membership cannot be read");
  auto answer = [&](auto what) {
    reply(nodes::encode_membership({home_.id(), home_.clock().wall_us, std::move(what)}));
  };
  if (auto* asked = std::get_if<nodes::look>(&said->what)) {
    nodes::reported r{told_, std::nullopt};
    if (map().version > asked->map_version) r.map = map();
    answer(std::move(r));
    return soon(milliseconds(0), [this] { refresh(); });  // for the next time
  }
  if (auto* what = std::get_if<nodes::learn_shard>(&said->what)) {
    learn_here(*what);
    return answer(nodes::obeyed{});
  }
  const auto& wanted = std::get<nodes::hand_over>(said->what);
  auto done = hand_over_here(wanted.shard, wanted.to);
  if (done)
    answer(nodes::obeyed{});
  else
    answer(done.error());
}

// --- what the steward wants

void membership::settle(std::uint64_t number, const result<std::string>& reply) {
  steward_.settled(number, reply);
  look_in(news_after);
}

void membership::command(shard_id shard, std::string bytes, std::uint64_t number) {
  if (shard == the_shard)
    return ask_(std::move(bytes), [this, number](const result<std::string>& r) { settle(number, r); });
  soon(milliseconds(world_.chance().between(1, 50)),
       [this, number, bytes = std::move(bytes)] { settle(number, world_.easy().seal(bytes)); });
}

void membership::hand_over(shard_id shard, node_id to, std::uint64_t number) {
  auto* truth = steward_.sight().truth(shard);
  auto leader = truth && truth->leads() ? truth->leader : node_id();
  if (leader == home_.id() || leader.value == 0)
    return soon(milliseconds(1), [this, shard, to, number] {
      auto done = hand_over_here(shard, to);
      settle(number, done ? result<std::string>(std::string()) : done.error());
    });
  auto question = nodes::encode_membership({home_.id(), home_.clock().wall_us, nodes::hand_over{shard, to}});
  wires_.ask(leader, traffic::command, std::move(question), hand_over_max,
             [this, number](const result<frame>& answer) {
               auto said = answer ? nodes::decode_membership(*answer)
                                  : result<nodes::membership_message>(answer.error());
               auto* why = said ? std::get_if<failure>(&said->what) : &said.error();
               settle(number, why ? result<std::string>(*why) : std::string());
             });
}

void membership::learn_ahead(node_id newcomer, const nodes::learn_shard& what) {
  if (newcomer == home_.id()) return learn_here(what);
  auto question = nodes::encode_membership({home_.id(), home_.clock().wall_us, what});
  wires_.ask(newcomer, traffic::command, std::move(question), answer_max, [](const result<frame>&) {});
}

void membership::learn_here(const nodes::learn_shard& what) {
  if (what.shard == the_shard)
    home_.learn(what.from, what.of);
  else
    world_.easy().teach(home_.id());
}

result<bool> membership::hand_over_here(shard_id shard, node_id to) {
  if (shard != the_shard) {
    world_.easy().transfer(to);
    return true;
  }
  auto begun = home_.transfer(to);
  return begun ? result<bool>(true) : begun.error();
}

}  // namespace troupe::sim
