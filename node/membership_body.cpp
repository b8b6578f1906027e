#include "node/membership_body.hpp"

#include <kj/exception.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "node/membership_messages.hpp"
#include "protocol/message.hpp"
#include "protocol/schema/query.capnp.h"
#include "storage/shard_client.hpp"

namespace troupe::node {

using cluster::cluster_map;
using cluster::node_state;
using steady = std::chrono::steady_clock;

namespace {

constexpr auto answer_max = std::chrono::milliseconds(2000);
constexpr auto hand_over_max = std::chrono::milliseconds(5000);

std::int64_t now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

frame query_frame(const std::function<void(schema::Query::Builder)>& fill) {
  capnp::MallocMessageBuilder message;
  fill(message.initRoot<schema::Query>());
  return frame::of(frame_kind::query, to_bytes(message));
}

// Runs 'use' on the result in the frame, if it is a good one.
void with_result(const frame& f, const std::function<void(schema::QueryResult::Reader)>& use) {
  auto payload = storage::payload_of_query_result(f);
  if (!payload) return;
  try {
    message_reader reader(*payload);
    use(reader.root<schema::QueryResult>());
  } catch (const kj::Exception& e) {
    spdlog::error("an answer of a shard cannot be decoded: {}", e.getDescription().cStr());
  }
}

}  // namespace

membership::body::body(caf::actor_config& cfg, membership_sources from, std::shared_ptr<common> shared)
    : caf::event_based_actor(cfg), from_(std::move(from)), shared_(std::move(shared)) {
  sight_.cluster_id = from_.cluster_id;
  sight_.self = from_.self.id;
  set_default_handler(caf::drop);
}

void membership::body::on_exit() {
  from_.shards.clear();
  then_ = nullptr;
}

caf::behavior membership::body::make_behavior() {
  learn(std::move(from_.known));
  look_in(std::chrono::milliseconds(0));
  return {
      [this](look_atom, std::uint64_t number) {
        if (number == armed_) look();
      },
      [this](kick_atom) { look_in(std::chrono::milliseconds(10)); },
      [this](fresh_atom) { freshen(); },
      [this](heard_atom, std::uint64_t peer, std::int64_t sent_us, std::int64_t received_us, const frame& f) {
        heard(node_id(peer), sent_us, received_us, f);
      },
      [this](learn_atom, const std::string& bytes) {
        learn(cluster::read_map(message_reader(bytes).root<schema::ClusterMap>()));
        look_in(std::chrono::milliseconds(10));
      },
      [this](done_atom, std::uint64_t number, std::uint16_t code, const std::string& detail,
             const std::string& reply) {
        if (number != commands_ || !then_) return;
        busy_ = false;
        auto then = std::move(then_);
        then_ = nullptr;
        if (code == 0)
          then(reply);
        else
          then(failure{static_cast<errc>(code), detail});
        look_in(std::chrono::milliseconds(10));
      },
      [this](hand_atom, std::uint64_t question, std::uint16_t shard, std::uint64_t to) {
        hand_over_here(question, shard_id(shard), node_id(to));
      },
      [this](teach_atom, std::uint16_t shard, std::uint64_t of, std::uint64_t from) {
        if (shard < from_.shards.size()) send(from_.shards[shard], storage::learn_atom::value, from, of);
      },
      [this](pass_atom, std::uint64_t question, std::uint16_t shard, std::uint64_t to) {
        pass_on(question, shard_id(shard), node_id(to));
      },
  };
}

// The earlier of the two times counts.
void membership::body::look_in(std::chrono::milliseconds wait) {
  auto due = steady::now() + wait;
  if (armed_ != 0 && due >= due_) return;
  due_ = due;
  armed_ = ++looks_;
  delayed_send(this, wait, look_atom::value, armed_);
}

std::chrono::milliseconds membership::body::pace() const {
  auto* self = sight_.map.find(sight_.self);
  bool settling = changing_ || busy_ || !self || self->state == node_state::joining;
  if (settling) return from_.look_changing;
  return acts() ? from_.look_acting : from_.look_idle;
}

void membership::body::look() {
  armed_ = 0;
  look_in(pace());
  freshening_ = false;
  if (asking_ == 0) ask_own();  // else the last look is not over
}

// The report is as old as the last question of another node: whoever acts asks often.
void membership::body::freshen() {
  if (asking_ != 0) return;
  freshening_ = true;
  ask_own();
}

void membership::body::ask_own() {
  asking_ = 1;  // of this function: nothing is over before all are asked
  own_.clear();
  ask_shards();
  ask_map();
  one_answered();
}

void membership::body::ask_shards() {
  auto query = query_frame([](auto q) { q.setStatus(); });
  for (const auto& shard : from_.shards) {
    ++asking_;
    request(shard, answer_max, storage::peek_atom::value, query)
        .then(
            [this](const frame& f) {
              with_result(f, [this](schema::QueryResult::Reader r) {
                if (r.isStatus()) own_.push_back(read_status(r.getStatus()));
              });
              one_answered();
            },
            [this](const caf::error&) { one_answered(); });
  }
}

// Of this node's replica of the system shard: nothing, where there is none.
void membership::body::ask_map() {
  if (from_.shards.empty()) return;
  ++asking_;
  request(from_.shards.front(), answer_max, storage::peek_atom::value,
          query_frame([](auto q) { q.setClusterMap(); }))
      .then(
          [this](const frame& f) {
            with_result(f, [this](schema::QueryResult::Reader r) {
              if (r.isClusterMap()) learn(cluster::read_map(r.getClusterMap()));
            });
            one_answered();
          },
          [this](const caf::error&) { one_answered(); });
}

void membership::body::one_answered() {
  if (--asking_ == 0) looked();
}

void membership::body::looked() {
  sight_.now_us = now_us();
  refresh_own();
  if (freshening_) return publish();
  sight_.move_marks();
  ask_peers();
  publish();
  announce();
  if (acts()) {
    act();
  } else {
    changing_ = false;
    changing_since_us_ = 0;
    sight_.nodes[sight_.self].report.moving.clear();
  }
  look_in(pace());
}

void membership::body::refresh_own() {
  auto figures = from_.figures ? from_.figures() : own_figures{};
  std::sort(own_.begin(), own_.end(), [](const auto& a, const auto& b) { return a.shard < b.shard; });
  auto& own = sight_.nodes[sight_.self];
  own.connected = true;
  own.last_seen_us = sight_.now_us;
  own.report.node = sight_.self;
  own.report.version = from_.self.version;
  own.report.level = from_.self.level;
  own.report.started_us = from_.started_us;
  own.report.ready = figures.ready;
  own.report.problems = std::move(figures.problems);
  own.report.resident_bytes = figures.resident_bytes;
  own.report.disk_free_bytes = figures.disk_free_bytes;
  own.report.certificate_expires_us = figures.certificate_expires_us;
  own.report.map_version = sight_.map.version;
  own.report.shards = own_;
  if (from_.marks) own.report.marks = from_.marks->all();
  std::set<node_id> connected;
  {
    std::lock_guard lock(shared_->mutex);
    connected = shared_->connected;
  }
  own.report.connected.assign(connected.begin(), connected.end());
  for (auto& [id, n] : sight_.nodes)
    if (id != sight_.self) n.connected = connected.contains(id);
  compare_digests();
}

// Every replica of a shard takes the digest of its records at the same entries: who is not with most of them has others.
void membership::body::compare_digests() {
  for (auto& s : sight_.nodes[sight_.self].report.shards) {
    auto& known = mismatches_[s.shard];
    if (known.in != s.generation) known = {s.generation, 0, 0};
    if (s.votes() && s.digest_index > known.at && differs(sight_, s)) {
      known.at = s.digest_index;
      ++known.count;
      spdlog::error("shard {}: the records of this node differ from those of other replicas at entry {}",
                    s.shard.value, s.digest_index);
    }
    s.digest_mismatches = known.count;
  }
}

void membership::body::ask_peers() {
  if (!from_.peers) return;
  auto question = encode_membership({sight_.self, sight_.now_us, node::look{sight_.map.version}});
  for (auto peer : sight_.nodes[sight_.self].report.connected)
    from_.peers->ask(peer, traffic::command, question, answer_max,
                     [shared = shared_, peer, sent_us = now_us()](result<frame> answer) {
                       if (answer)
                         shared->tell(heard_atom::value, peer.value, sent_us, now_us(), std::move(*answer));
                     });
}

void membership::body::heard(node_id peer, std::int64_t sent_us, std::int64_t received_us,
                             const frame& answer) {
  auto said = decode_membership(answer);
  auto* what = said ? std::get_if<reported>(&said->what) : nullptr;
  if (!what || (what->report.node.value != 0 && what->report.node != peer)) return;
  if (what->map) {
    learn(std::move(*what->map));
    look_in(std::chrono::milliseconds(10));
  }
  if (what->report.node.value == 0) return;  // it has not looked yet
  auto& n = sight_.nodes[peer];
  if (n.last_seen_us == 0) look_in(std::chrono::milliseconds(10));  // who asks is to see it
  n.report = std::move(what->report);
  n.last_seen_us = received_us;
  n.round_trip_us = received_us - sent_us;
  n.clock_offset_us = said->time_us - (sent_us + received_us) / 2;
  learn_places(n.report);
  learn_marks(n.report);
}

void membership::body::learn_marks(const node_report& report) {
  if (!from_.marks) return;
  for (const auto& [node, mark] : report.marks) {
    auto* known = sight_.map.find(node);
    if (node == sight_.self)
      from_.marks->heard_of_self(mark, report.node);
    else if (known && known->state != node_state::left && known->state != node_state::joining)
      from_.marks->heard(node, mark);
  }
}

void membership::body::learn_places(const node_report& report) {
  if (!from_.directory) return;
  for (const auto& s : report.shards) {
    if (!s.votes()) continue;
    from_.directory->learn_voters(s.shard, s.generation, s.voters);
    if (s.leads()) from_.directory->learn_leader(s.shard, s.generation, s.term, report.node);
  }
}

void membership::body::learn(cluster_map map) {
  if (map.version <= sight_.map.version) return;
  sight_.map = std::move(map);
  if (from_.directory)
    for (const auto& s : sight_.map.shards) from_.directory->learn_voters(s.shard, s.generation, s.voters);
  std::erase_if(sight_.nodes, [&](const auto& seen) {
    auto* n = sight_.map.find(seen.first);
    return seen.first != sight_.self && (!n || n->state == node_state::left);
  });
  {
    std::lock_guard lock(shared_->mutex);
    shared_->map = sight_.map;
  }
  if (from_.map_changed) from_.map_changed(sight_.map);
}

void membership::body::publish() {
  auto problems = diagnose(sight_);
  auto view = std::make_shared<const std::string>(encode_view(sight_, problems));
  auto figures = count(problems);
  std::lock_guard lock(shared_->mutex);
  shared_->report = sight_.nodes[sight_.self].report;
  shared_->view = std::move(view);
  shared_->figures = figures;
}

membership_figures membership::body::count(const std::vector<problem>& problems) const {
  membership_figures f;
  for (const auto& n : sight_.map.nodes) {
    f.joining += n.state == node_state::joining ? 1 : 0;
    f.active += n.state == node_state::active ? 1 : 0;
    f.draining += n.state == node_state::draining ? 1 : 0;
    f.alive += n.state != node_state::left && sight_.is_alive(n.facts.id) ? 1 : 0;
  }
  const auto& own = sight_.seen(sight_.self)->report;
  for (const auto& s : own.shards) {
    if (!s.votes()) continue;
    ++f.replicas;
    f.led += s.leads() ? 1 : 0;
    f.digest_mismatches += s.digest_mismatches;
    auto* truth = sight_.truth(s.shard);
    if (truth && truth->generation == s.generation && truth->commit > s.applied)
      f.lag_max = std::max(f.lag_max, truth->commit - s.applied);
  }
  f.map_version = sight_.map.version;
  f.seals = seals_;
  f.transfers = transfers_;
  f.connected = own.connected.size();
  f.changing = changing_ ? 1 : 0;
  f.problems = problems.size();
  return f;
}

// --- handing a shard over, because somebody asked

void membership::body::settle_question(std::uint64_t question, const frame& answer) {
  network::reply_to reply;
  {
    std::lock_guard lock(shared_->mutex);
    auto it = shared_->handing.find(question);
    if (it == shared_->handing.end()) return;
    reply = std::move(it->second);
    shared_->handing.erase(it);
  }
  reply(answer);
}

void membership::body::hand_over_here(std::uint64_t question, shard_id shard, node_id to) {
  auto answered = [this, question](auto what) {
    settle_question(question, encode_membership({sight_.self, now_us(), std::move(what)}));
  };
  if (shard.value >= from_.shards.size())
    return answered(failure{errc::not_found, "there is no shard " + std::to_string(shard.value)});
  request(from_.shards[shard.value], hand_over_max, transfer_atom::value, to.value)
      .then(
          [answered](const frame& f) {
            auto reply = storage::payload_of_reply(f);
            if (reply)
              answered(obeyed{});
            else
              answered(reply.error());
          },
          [answered](const caf::error&) {
            answered(failure{errc::timed_out, "the shard was not handed over in time: look where it is led"});
          });
}

void membership::body::pass_on(std::uint64_t question, shard_id shard, node_id to) {
  auto* truth = sight_.truth(shard);
  auto refuse = [&](errc code, std::string detail) {
    settle_question(question, encode_membership({sight_.self, now_us(), failure{code, std::move(detail)}}));
  };
  if (shard.value >= from_.shards.size())
    return refuse(errc::not_found, "there is no shard " + std::to_string(shard.value));
  if (!truth || !truth->leads())
    return refuse(errc::unavailable, "nobody is known to lead shard " + std::to_string(shard.value));
  if (to.value != 0 && std::find(truth->voters.begin(), truth->voters.end(), to) == truth->voters.end())
    return refuse(errc::conflict, "that node has no replica of shard " + std::to_string(shard.value));
  if (truth->leader == sight_.self) return hand_over_here(question, shard, to);
  if (!from_.peers) return refuse(errc::unavailable, "this node runs alone");
  from_.peers->ask(
      truth->leader, traffic::command, encode_membership({sight_.self, now_us(), node::hand_over{shard, to}}),
      hand_over_max, [shared = shared_, self = sight_.self, question](result<frame> answer) {
        std::unique_lock lock(shared->mutex);
        auto it = shared->handing.find(question);
        if (it == shared->handing.end()) return;
        auto reply = std::move(it->second);
        shared->handing.erase(it);
        lock.unlock();
        reply(answer ? std::move(*answer) : encode_membership({self, now_us(), std::move(answer.error())}));
      });
}

}  // namespace troupe::node
