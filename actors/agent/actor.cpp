#include "actors/agent/actor.hpp"

#include <kj/exception.h>
#include <caf/all.hpp>

#include "actors/runtime/router.hpp"
#include "protocol/limits.hpp"
#include "protocol/message.hpp"
#include "protocol/schema/command.capnp.h"
#include "protocol/schema/query.capnp.h"
#include "protocol/schema/reply.capnp.h"

namespace troupe {

namespace {

using storage::read_atom;
using storage::reply_of;

constexpr auto deadline = std::chrono::milliseconds(limits::command_deadline_ms);
constexpr auto idle_after = std::chrono::milliseconds(limits::passivate_idle_ms);
constexpr int claim_rounds_max = 8;

using check_atom = caf::atom_constant<caf::atom("check")>;

// A claim that names no task, while the task is looked for.
struct claim_search {
  caf::response_promise promise;
  std::string command;  // as it came
  int rounds = 0;
};

class agent_body final : public caf::event_based_actor {
 public:
  agent_body(caf::actor_config& cfg, agent_identity identity, caf::actor shard, caf::actor router)
      : caf::event_based_actor(cfg),
        identity_(std::move(identity)),
        shard_(std::move(shard)),
        router_(std::move(router)) {}
  const char* name() const override { return "agent"; }
  void on_exit() override { shard_ = router_ = nullptr; }

 protected:
  caf::behavior make_behavior() override {
    delayed_send(this, idle_after, check_atom::value);
    return {
        [this](frame& f) { return on_command(f); },
        [this](check_atom) { check_idle(); },
        [this](quit_atom) { quit(); },
    };
  }

 private:
  caf::result<frame> on_command(frame& f) {
    used_ = true;
    auto promise = make_response_promise();
    auto command = f.open(frame_kind::command);
    if (!command) {
      promise.deliver(reply_of(command.error()));
      return promise;
    }
    message_reader reader(*command);
    auto body = reader.root<schema::Command>().getBody();
    if (body.which() == schema::Command::Body::CLAIM_TASK && body.getClaimTask().getTaskId().size() == 0)
      search(std::make_shared<claim_search>(claim_search{promise, std::string(*command)}));
    else
      promise.delegate(shard_, std::move(f));
    return promise;
  }

  // Looks for the next pending task and claims it. Another claim may come first: then looks again.
  void search(std::shared_ptr<claim_search> s) {
    ++searching_;
    capnp::MallocMessageBuilder message;
    auto query = message.initRoot<schema::Query>();
    query.setOrg(identity_.org);
    query.setNextPendingTask(identity_.agent);
    request(shard_, deadline, read_atom::value, frame::of(frame_kind::query, to_bytes(message)))
        .then([this, s](const frame& f) { claim(s, f); }, [this, s](const caf::error& e) { give_up(s, e); });
  }

  void claim(const std::shared_ptr<claim_search>& s, const frame& found) {
    auto payload = storage::payload_of_query_result(found);
    if (!payload) return finish(s, reply_of(payload.error()));
    message_reader reader(*payload);
    auto result = reader.root<schema::QueryResult>();
    if (result.which() != schema::QueryResult::TASKS || result.getTasks().size() == 0)
      return finish(s, reply_of({errc::not_found, "no task of this agent is pending"}));
    auto task = std::string(view_of(result.getTasks()[0].getId()));
    request(shard_, deadline, claim_of(s->command, task))
        .then([this, s](frame& f) { claimed(s, f); }, [this, s](const caf::error& e) { give_up(s, e); });
  }

  static frame claim_of(std::string_view command, const std::string& task) {
    message_reader original(command);
    capnp::MallocMessageBuilder message;
    message.setRoot(original.root<schema::Command>());
    message.getRoot<schema::Command>().getBody().getClaimTask().setTaskId(task);
    return frame::of(frame_kind::command, to_bytes(message));
  }

  void claimed(const std::shared_ptr<claim_search>& s, frame& f) {
    auto payload = storage::payload_of_reply(f);
    if (payload && ++s->rounds < claim_rounds_max) {
      message_reader reader(*payload);
      auto reply = reader.root<schema::Reply>();
      if (reply.isRefused() && reply.getRefused().getCode() == static_cast<std::uint16_t>(errc::conflict)) {
        --searching_;
        return search(s);
      }
    }
    finish(s, std::move(f));
  }

  void finish(const std::shared_ptr<claim_search>& s, frame answer) {
    --searching_;
    s->promise.deliver(std::move(answer));
  }

  void give_up(const std::shared_ptr<claim_search>& s, const caf::error&) {
    finish(s, reply_of({errc::timed_out,
                        "the claim was not answered in time: list the agent's tasks, or claim again"}));
  }

  void check_idle() {
    if (!used_ && searching_ == 0) send(router_, idle_atom::value, identity_.entity);
    used_ = false;
    delayed_send(this, idle_after, check_atom::value);
  }

  agent_identity identity_;
  caf::actor shard_;
  caf::actor router_;
  bool used_ = true;
  int searching_ = 0;
};

}  // namespace

caf::actor spawn_agent(caf::actor_system& system, agent_identity identity, caf::actor shard,
                       caf::actor router) {
  return system.spawn<agent_body>(std::move(identity), std::move(shard), std::move(router));
}

}  // namespace troupe
