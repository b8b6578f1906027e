#include "actors/runtime/router.hpp"

#include <kj/exception.h>
#include <caf/all.hpp>

#include <map>

#include "actors/agent/actor.hpp"
#include "protocol/message.hpp"
#include "protocol/schema/command.capnp.h"

namespace troupe {

namespace {

using storage::follow_atom;
using storage::peek_atom;
using storage::query_result_of;
using storage::read_atom;
using storage::reply_of;

// The agent that a command is for; empty if it is for the shard itself.
std::string_view agent_of(schema::Command::Body::Reader body) {
  using b = schema::Command::Body;
  switch (body.which()) {
    case b::REGISTER_AGENT: return view_of(body.getRegisterAgent().getId());
    case b::UPDATE_AGENT: return view_of(body.getUpdateAgent().getId());
    case b::HEARTBEAT: return view_of(body.getHeartbeat().getAgentId());
    case b::CREATE_TASK: return view_of(body.getCreateTask().getAgentId());
    case b::CLAIM_TASK: return view_of(body.getClaimTask().getAgentId());
    case b::COMPLETE_TASK: return view_of(body.getCompleteTask().getAgentId());
    case b::FAIL_TASK: return view_of(body.getFailTask().getAgentId());
    default: return {};
  }
}

class router_body final : public caf::event_based_actor {
 public:
  router_body(caf::actor_config& cfg, std::vector<caf::actor> shards)
      : caf::event_based_actor(cfg), shards_(std::move(shards)) {
    set_down_handler([this](const caf::down_msg& down) { forget(down.source); });
  }
  const char* name() const override { return "router"; }
  void on_exit() override {
    for (auto& [entity, live] : entities_) caf::anon_send_exit(live, caf::exit_reason::user_shutdown);
    entities_.clear();
    shards_.clear();
  }

 protected:
  caf::behavior make_behavior() override {
    return {
        [this](command_atom, std::uint16_t shard, frame& f) { return route_command(shard, f); },
        [this](read_atom, std::uint16_t shard, frame& f) { return route_query(read_atom::value, shard, f); },
        [this](peek_atom, std::uint16_t shard, frame& f) { return route_query(peek_atom::value, shard, f); },
        [this](follow_atom, const caf::actor& who) {
          for (auto& shard : shards_) send(shard, follow_atom::value, who);
        },
        [this](idle_atom, const std::string& entity) { passivate(entity); },
    };
  }

 private:
  caf::result<frame> route_command(std::uint16_t shard, frame& f) {
    auto promise = make_response_promise();
    if (shard >= shards_.size()) {
      promise.deliver(reply_of({errc::internal, "there is no shard " + std::to_string(shard)}));
      return promise;
    }
    auto command = f.open(frame_kind::command);
    if (!command) {
      promise.deliver(reply_of(command.error()));
      return promise;
    }
    try {
      message_reader reader(*command);
      auto root = reader.root<schema::Command>();
      auto agent = agent_of(root.getBody());
      if (agent.empty())
        promise.delegate(shards_[shard], std::move(f));
      else
        promise.delegate(activate(shard, view_of(root.getOrg()), agent), std::move(f));
    } catch (const kj::Exception& e) {
      promise.deliver(reply_of({errc::invalid_argument,
                                std::string("the command cannot be decoded: ") + e.getDescription().cStr()}));
    }
    return promise;
  }

  template <class Atom>
  caf::result<frame> route_query(Atom level, std::uint16_t shard, frame& f) {
    auto promise = make_response_promise();
    if (shard >= shards_.size())
      promise.deliver(query_result_of({errc::internal, "there is no shard " + std::to_string(shard)}));
    else
      promise.delegate(shards_[shard], level, std::move(f));
    return promise;
  }

  caf::actor activate(std::uint16_t shard, std::string_view org, std::string_view agent) {
    auto entity = std::string(org) + '\0' + std::string(agent);
    auto& live = entities_[entity];
    if (!live) {
      live = spawn_agent(system(), {std::string(org), std::string(agent), entity}, shards_[shard],
                         caf::actor(this));
      monitor(live);
    }
    return live;
  }

  void passivate(const std::string& entity) {
    auto it = entities_.find(entity);
    if (it == entities_.end() || it->second != current_sender()) return;
    demonitor(it->second);
    send(it->second, quit_atom::value);
    entities_.erase(it);
  }

  void forget(const caf::actor_addr& gone) {
    for (auto it = entities_.begin(); it != entities_.end(); ++it)
      if (it->second.address() == gone) {
        entities_.erase(it);
        return;
      }
  }

  std::vector<caf::actor> shards_;
  std::map<std::string, caf::actor> entities_;
};

}  // namespace

caf::actor spawn_router(caf::actor_system& system, std::vector<caf::actor> shards) {
  return system.spawn<router_body>(std::move(shards));
}

}  // namespace troupe
