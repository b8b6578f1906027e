#include "actors/runtime/router.hpp"

#include <kj/exception.h>
#include <caf/all.hpp>

#include <map>
#include <optional>

#include "actors/agent/actor.hpp"
#include "protocol/message.hpp"
#include "protocol/schema/command.capnp.h"

namespace troupe {

namespace {

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

// Only the agent's actor can look for the task.
bool names_no_task(schema::Command::Body::Reader body) {
  return body.isClaimTask() && body.getClaimTask().getTaskId().size() == 0;
}

class router_body final : public caf::event_based_actor {
 public:
  router_body(caf::actor_config& cfg, std::vector<caf::actor> shards, std::size_t entities_max, node_id self,
              const shard_directory* directory)
      : caf::event_based_actor(cfg),
        shards_(std::move(shards)),
        entities_max_(entities_max),
        self_(self),
        directory_(directory) {
    set_down_handler([this](const caf::down_msg& down) { forget(down.source); });
  }
  const char* name() const override { return "router"; }
  void on_exit() override {
    for (auto& [name, live] : entities_) caf::anon_send_exit(live.who, caf::exit_reason::user_shutdown);
    entities_.clear();
    shards_.clear();
  }

 protected:
  caf::behavior make_behavior() override {
    return {
        [this](command_atom, std::uint16_t shard, frame& f) { return route_command(shard, f, sent::first); },
        [this](again_atom, std::uint16_t shard, frame& f) { return route_command(shard, f, sent::again); },
        [this](read_atom, std::uint16_t shard, frame& f) { return route_query(read_atom::value, shard, f); },
        [this](peek_atom, std::uint16_t shard, frame& f) { return route_query(peek_atom::value, shard, f); },
        [this](place_atom, std::uint16_t shard) { passivate_others(shard); },
        [this](idle_atom, const std::string& name) { passivate(name); },
    };
  }

 private:
  enum class sent : std::uint8_t { first, again };

  struct entity {
    caf::actor who;
    shard_id shard;
    term of;
  };

  caf::result<frame> route_command(std::uint16_t shard, frame& f, sent how) {
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
        hand_over(promise, shard_id(shard), view_of(root.getOrg()), agent, root.getBody(), f, how);
    } catch (const kj::Exception& e) {
      promise.deliver(reply_of({errc::invalid_argument,
                                std::string("the command cannot be decoded: ") + e.getDescription().cStr()}));
    }
    return promise;
  }

  void hand_over(caf::response_promise& promise, shard_id shard, std::string_view org, std::string_view agent,
                 schema::Command::Body::Reader body, frame& f, sent how) {
    auto led = term_led(shard);
    if (!led)
      return promise.deliver(
          reply_of({errc::not_leader, "another node leads this shard", std::chrono::milliseconds(100)}));
    bool searches = names_no_task(body);
    auto to = activate(shard, *led, org, agent);
    if (to && searches && how == sent::again)
      promise.delegate(to, again_atom::value, std::move(f));
    else if (to)
      promise.delegate(to, std::move(f));
    else if (searches)
      promise.deliver(
          reply_of({errc::overloaded, "too many agents are active on this node: claim again later",
                    std::chrono::milliseconds(1000)}));
    else
      promise.delegate(shards_[shard.value], std::move(f));
  }

  // The term in which this node leads the shard, as far as it knows.
  std::optional<term> term_led(shard_id shard) const {
    if (!directory_) return term(0);
    return led_by(directory_->of(shard), self_);
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

  // Empty when there are as many as may be.
  caf::actor activate(shard_id shard, term of, std::string_view org, std::string_view agent) {
    auto name = std::string(org) + '\0' + std::string(agent);
    auto known = entities_.find(name);
    if (known != entities_.end() && known->second.of == of) return known->second.who;
    if (known != entities_.end()) known = end(known);
    if (entities_.size() >= entities_max_) return {};
    auto live = spawn_agent(system(), {std::string(org), std::string(agent), name}, shards_[shard.value],
                            caf::actor(this));
    monitor(live);
    entities_.emplace(std::move(name), entity{live, shard, of});
    return live;
  }

  using table = std::map<std::string, entity>;

  table::iterator end(table::iterator it) {
    demonitor(it->second.who);
    send(it->second.who, quit_atom::value);
    return entities_.erase(it);
  }

  void passivate(const std::string& name) {
    auto it = entities_.find(name);
    if (it != entities_.end() && it->second.who == current_sender()) end(it);
  }

  // All of the shard that do not belong to the term in which this node leads it.
  void passivate_others(std::uint16_t shard) {
    auto led = term_led(shard_id(shard));
    for (auto it = entities_.begin(); it != entities_.end();)
      it = it->second.shard.value == shard && it->second.of != led ? end(it) : std::next(it);
  }

  void forget(const caf::actor_addr& gone) {
    for (auto it = entities_.begin(); it != entities_.end(); ++it)
      if (it->second.who.address() == gone) {
        entities_.erase(it);
        return;
      }
  }

  std::vector<caf::actor> shards_;
  table entities_;
  const std::size_t entities_max_;
  const node_id self_;
  const shard_directory* const directory_;
};

}  // namespace

bool is_for_shard(std::string_view command) {
  try {
    message_reader reader(command);
    return agent_of(reader.root<schema::Command>().getBody()).empty();
  } catch (const kj::Exception&) {
    return false;  // the router says what is wrong
  }
}

caf::actor spawn_router(caf::actor_system& system, std::vector<caf::actor> shards, std::size_t entities_max,
                        node_id self, const shard_directory* directory) {
  return system.spawn<router_body>(std::move(shards), entities_max, self, directory);
}

}  // namespace troupe
