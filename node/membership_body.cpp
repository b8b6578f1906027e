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

steward_config config_of(const membership_sources& from) {
  return {from.cluster_id,  from.self,      static_cast<std::uint16_t>(from.shards.size()),
          from.directory,   from.marks,     from.look_changing,
          from.look_acting, from.look_idle, from.leaders_rest};
}

}  // namespace

membership::body::body(caf::actor_config& cfg, membership_sources from, std::shared_ptr<common> shared)
    : caf::event_based_actor(cfg),
      from_(std::move(from)),
      shared_(std::move(shared)),
      steward_(*this, config_of(from_)) {
  set_default_handler(caf::drop);
}

void membership::body::on_exit() {
  from_.shards.clear();
  steward_.clear();
}

caf::behavior membership::body::make_behavior() {
  steward_.learn(std::move(from_.known));
  look_in(std::chrono::milliseconds(0));
  return {
      [this](look_atom, std::uint64_t number) {
        if (number == armed_) look();
      },
      [this](kick_atom) { look_in(std::chrono::milliseconds(10)); },
      [this](fresh_atom) { freshen(); },
      [this](heard_atom, std::uint64_t peer, std::int64_t sent_us, std::int64_t received_us, const frame& f) {
        if (steward_.heard(node_id(peer), sent_us, received_us, f) == steward::urgency::soon)
          look_in(std::chrono::milliseconds(10));
      },
      [this](learn_atom, const std::string& bytes) {
        steward_.learn(cluster::read_map(message_reader(bytes).root<schema::ClusterMap>()));
        look_in(std::chrono::milliseconds(10));
      },
      [this](done_atom, std::uint64_t number, std::uint16_t code, const std::string& detail,
             const std::string& reply) {
        steward_.settled(number,
                         code == 0 ? result<std::string>(reply) : failure{static_cast<errc>(code), detail});
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

void membership::body::look() {
  armed_ = 0;
  look_in(steward_.pace());
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
              if (r.isClusterMap()) steward_.learn(cluster::read_map(r.getClusterMap()));
            });
            one_answered();
          },
          [this](const caf::error&) { one_answered(); });
}

void membership::body::one_answered() {
  if (--asking_ == 0) looked();
}

void membership::body::looked() {
  steward_.see_own(now_us(), own_report());
  if (freshening_) return publish();
  steward_.move_marks();
  ask_peers();
  publish();
  steward_.act();
  look_in(steward_.pace());
}

node_report membership::body::own_report() {
  auto figures = from_.figures ? from_.figures() : own_figures{};
  node_report own;
  own.node = from_.self.id;
  own.version = from_.self.version;
  own.level = from_.self.level;
  own.started_us = from_.started_us;
  own.ready = figures.ready;
  own.problems = std::move(figures.problems);
  own.resident_bytes = figures.resident_bytes;
  own.disk_free_bytes = figures.disk_free_bytes;
  own.certificate_expires_us = figures.certificate_expires_us;
  own.shards = own_;
  if (from_.marks) own.marks = from_.marks->all();
  std::lock_guard lock(shared_->mutex);
  own.connected.assign(shared_->connected.begin(), shared_->connected.end());
  return own;
}

void membership::body::ask_peers() {
  if (!from_.peers) return;
  auto question = steward_.question();
  for (auto peer : sight().seen(from_.self.id)->report.connected)
    from_.peers->ask(peer, traffic::command, question, answer_max,
                     [shared = shared_, peer, sent_us = now_us()](result<frame> answer) {
                       if (answer)
                         shared->tell(heard_atom::value, peer.value, sent_us, now_us(), std::move(*answer));
                     });
}

void membership::body::publish() {
  auto problems = diagnose(sight());
  auto view = std::make_shared<const std::string>(encode_view(sight(), problems));
  auto figures = count(problems);
  std::lock_guard lock(shared_->mutex);
  shared_->report = sight().seen(from_.self.id)->report;
  shared_->view = std::move(view);
  shared_->figures = figures;
}

membership_figures membership::body::count(const std::vector<problem>& problems) const {
  membership_figures f;
  for (const auto& n : sight().map.nodes) {
    f.joining += n.state == node_state::joining ? 1 : 0;
    f.active += n.state == node_state::active ? 1 : 0;
    f.draining += n.state == node_state::draining ? 1 : 0;
    f.alive += n.state != node_state::left && sight().is_alive(n.facts.id) ? 1 : 0;
  }
  const auto& own = sight().seen(sight().self)->report;
  for (const auto& s : own.shards) {
    if (!s.votes()) continue;
    ++f.replicas;
    f.led += s.leads() ? 1 : 0;
    f.digest_mismatches += s.digest_mismatches;
    auto* truth = sight().truth(s.shard);
    if (truth && truth->generation == s.generation && truth->commit > s.applied)
      f.lag_max = std::max(f.lag_max, truth->commit - s.applied);
  }
  f.map_version = sight().map.version;
  f.seals = steward_.seals();
  f.transfers = steward_.transfers();
  f.connected = own.connected.size();
  f.changing = steward_.is_changing() ? 1 : 0;
  f.problems = problems.size();
  return f;
}

// --- what the steward wants

void membership::body::command(shard_id shard, std::string bytes, std::uint64_t number) {
  from_.actors->command(
      shard, std::move(bytes), [shared = shared_, number](const result<std::string>& reply) {
        auto code = reply ? errc::none : reply.error().code;
        shared->tell(done_atom::value, number, static_cast<std::uint16_t>(code),
                     reply ? std::string() : reply.error().detail, reply ? *reply : std::string());
      });
}

void membership::body::hand_over(shard_id shard, node_id to, std::uint64_t number) {
  std::uint64_t question = 0;
  {
    std::lock_guard lock(shared_->mutex);
    question = ++shared_->questions;
    shared_->handing.emplace(question, [shared = shared_, number](const frame& answer) {
      auto said = decode_membership(answer);
      auto* why = said ? std::get_if<failure>(&said->what) : &said.error();
      shared->tell(done_atom::value, number, static_cast<std::uint16_t>(why ? why->code : errc::none),
                   why ? why->detail : std::string(), std::string());
    });
  }
  pass_on(question, shard, to);
}

void membership::body::learn_ahead(node_id newcomer, const learn_shard& what) {
  if (newcomer == sight().self)
    return send(this, teach_atom::value, what.shard.value, what.of.value, what.from.value);
  if (from_.peers)
    from_.peers->ask(newcomer, traffic::command, encode_membership({sight().self, now_us(), what}),
                     answer_max, [](const troupe::result<frame>&) {});
}

void membership::body::map_changed(const cluster_map& map) {
  {
    std::lock_guard lock(shared_->mutex);
    shared_->map = map;
  }
  if (from_.map_changed) from_.map_changed(map);
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
    settle_question(question, encode_membership({sight().self, now_us(), std::move(what)}));
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
  auto* truth = sight().truth(shard);
  auto refuse = [&](errc code, std::string detail) {
    settle_question(question, encode_membership({sight().self, now_us(), failure{code, std::move(detail)}}));
  };
  if (shard.value >= from_.shards.size())
    return refuse(errc::not_found, "there is no shard " + std::to_string(shard.value));
  if (!truth || !truth->leads())
    return refuse(errc::unavailable, "nobody is known to lead shard " + std::to_string(shard.value));
  if (to.value != 0 && std::find(truth->voters.begin(), truth->voters.end(), to) == truth->voters.end())
    return refuse(errc::conflict, "that node has no replica of shard " + std::to_string(shard.value));
  if (truth->leader == sight().self) return hand_over_here(question, shard, to);
  if (!from_.peers) return refuse(errc::unavailable, "this node runs alone");
  from_.peers->ask(
      truth->leader, traffic::command,
      encode_membership({sight().self, now_us(), node::hand_over{shard, to}}), hand_over_max,
      [shared = shared_, self = sight().self, question](result<frame> answer) {
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
