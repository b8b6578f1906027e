#include "node/membership.hpp"

#include <kj/exception.h>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include "node/membership_body.hpp"
#include "node/membership_messages.hpp"
#include "protocol/message.hpp"
#include "protocol/schema/command.capnp.h"
#include "protocol/schema/reply.capnp.h"

namespace troupe::node {

using cluster::cluster_map;
using cluster::node_state;

namespace {

std::int64_t now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

failure ended() { return {errc::unavailable, "this node is stopping", std::chrono::milliseconds(500)}; }

}  // namespace

membership::membership(caf::actor_system& system, membership_sources from)
    : common_(std::make_shared<common>()) {
  auto shared = common_;
  if (auto* peers = from.peers) {
    auto self = peers->self();
    peers->on_peer([shared](node_id peer, peer_event what) {
      {
        std::lock_guard lock(shared->mutex);
        if (what == peer_event::connected)
          shared->connected.insert(peer);
        else
          shared->connected.erase(peer);
      }
      shared->tell(kick_atom::value);
    });
    peers->on_ask(frame_kind::membership_message, [shared, self](node_id, const frame& question,
                                                                 network::reply_to reply) {
      auto answer = [&](auto what) { reply(encode_membership({self, now_us(), std::move(what)})); };
      auto said = decode_membership(question);
      if (!said) return answer(said.error());
      std::unique_lock lock(shared->mutex);
      if (auto* wanted = std::get_if<look>(&said->what)) {
        reported r{shared->report, std::nullopt};
        if (shared->map.version > wanted->map_version) r.map = shared->map;
        lock.unlock();
        answer(std::move(r));
        return shared->tell(fresh_atom::value);  // for the next time
      }
      if (auto* learn = std::get_if<learn_shard>(&said->what)) {
        lock.unlock();
        shared->tell(teach_atom::value, learn->shard.value, learn->of.value, learn->from.value);
        return answer(obeyed{});
      }
      auto* wanted = std::get_if<hand_over>(&said->what);
      if (!wanted || !shared->body) {
        lock.unlock();
        return answer(wanted ? ended() : failure{errc::unsupported, "this is no question about membership"});
      }
      auto number = ++shared->questions;
      shared->handing.emplace(number, std::move(reply));
      auto to = shared->body;
      lock.unlock();
      caf::anon_send(to, hand_atom::value, number, wanted->shard.value, wanted->to.value);
    });
  }
  {
    std::lock_guard lock(common_->mutex);
    cluster_sight nothing;
    nothing.cluster_id = from.cluster_id;
    nothing.self = from.self.id;
    common_->view = std::make_shared<const std::string>(encode_view(nothing, diagnose(nothing)));
  }
  client_ = from.actors;
  actor_ = system.spawn<body>(std::move(from), common_);
  std::lock_guard lock(common_->mutex);
  common_->body = actor_;
}

membership::~membership() {
  std::map<std::uint64_t, network::reply_to> open;
  {
    std::lock_guard lock(common_->mutex);
    common_->body = nullptr;
    open.swap(common_->handing);
  }
  caf::scoped_actor self(actor_.home_system());
  self->send_exit(actor_, caf::exit_reason::user_shutdown);
  self->wait_for(actor_);
  for (auto& [number, reply] : open) reply(encode_membership({node_id(), now_us(), ended()}));
}

cluster_map membership::map() const {
  std::lock_guard lock(common_->mutex);
  return common_->map;
}

std::shared_ptr<const std::string> membership::view() const {
  std::lock_guard lock(common_->mutex);
  return common_->view;
}

membership_figures membership::figures() const {
  std::lock_guard lock(common_->mutex);
  return common_->figures;
}

void membership::command(const std::function<void(schema::ClusterCommand::Builder)>& fill, changed then) {
  client_->command(system_shard, encoded_cluster_command(fill),
                   [shared = common_, then = std::move(then)](const result<std::string>& reply) {
                     auto now = map_in(reply);
                     if (now) {
                       capnp::MallocMessageBuilder message;
                       write_map(*now, message.initRoot<schema::ClusterMap>());
                       shared->tell(learn_atom::value, to_bytes(message));
                     }
                     then(std::move(now));
                   });
}

void membership::admit(const cluster::node_facts& who, const std::optional<shown_invitation>& with,
                       changed decide) {
  auto now = map();
  auto* known = now.find(who.id);
  if (known && known->state == node_state::left)
    return decide(
        failure{errc::forbidden,
                "the node was removed from the cluster: empty its data directory and invite it anew"});
  if (who.level < now.level)
    return decide(failure{errc::unsupported, "the cluster runs on behaviour level " +
                                                 std::to_string(now.level) + ": install a newer version"});
  // Nobody is asked about a node that is known: perhaps it is what a majority waits for.
  // A node that has just joined knows nobody yet; then their certificates have to do.
  if (!with && (known || now.version == 0)) return decide(std::move(now));
  if (!with) return decide(failure{errc::forbidden, "the node is not known here: it needs an invitation"});
  command(
      [&](schema::ClusterCommand::Builder c) {
        auto admitted = c.initAdmit();
        admitted.setInvitation(with->id);
        admitted.setSecretHash(data_of(with->secret_hash));
        write_facts(who, admitted.initNode());
      },
      std::move(decide));
}

void membership::transfer(shard_id shard, node_id to, done then) {
  std::uint64_t number = 0;
  caf::actor there;
  {
    std::lock_guard lock(common_->mutex);
    there = common_->body;
    if (there) {
      number = ++common_->questions;
      common_->handing.emplace(number, [then](const frame& answer) {
        auto said = decode_membership(answer);
        if (!said) return then(said.error());
        if (auto* no = std::get_if<failure>(&said->what)) return then(*no);
        then(true);
      });
    }
  }
  if (!there) return then(ended());
  caf::anon_send(there, pass_atom::value, number, shard.value, to.value);
}

}  // namespace troupe::node
