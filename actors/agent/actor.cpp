#include "actors/agent/actor.hpp"

#include <kj/exception.h>
#include <caf/all.hpp>

#include <deque>

#include "actors/runtime/identity.hpp"
#include "actors/runtime/router.hpp"
#include "protocol/limits.hpp"
#include "protocol/message.hpp"
#include "protocol/request_key.hpp"
#include "protocol/schema/command.capnp.h"
#include "protocol/schema/query.capnp.h"
#include "protocol/schema/reply.capnp.h"

namespace troupe {

namespace {

using storage::read_atom;
using storage::reply_of;

constexpr auto deadline = std::chrono::milliseconds(limits::command_deadline_ms);
constexpr auto idle_after = std::chrono::milliseconds(limits::passivate_idle_ms);
constexpr unsigned claim_rounds_max = 8;

using check_atom = caf::atom_constant<caf::atom("check")>;

// A claim that names no task, while the task is looked for.
struct claim_search {
  caf::response_promise promise;
  std::string command;  // as it came
  std::string key;      // its idempotency key, if it has one
  // What was found before must be found again, though nothing is pending any more.
  bool must_ask = false;
  unsigned rounds = 0;
};
using search_ptr = std::shared_ptr<claim_search>;

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
        [this](frame& f) { return on_command(f, sent::first); },
        [this](again_atom, frame& f) { return on_command(f, sent::again); },
        [this](check_atom) { check_idle(); },
        [this](quit_atom) { leave(); },
    };
  }

 private:
  enum class sent : std::uint8_t { first, again };

  caf::result<frame> on_command(frame& f, sent how) {
    used_ = true;
    auto promise = make_response_promise();
    auto command = f.open(frame_kind::command);
    if (!command) {
      promise.deliver(reply_of(command.error()));
      return promise;
    }
    message_reader reader(*command);
    auto root = reader.root<schema::Command>();
    auto body = root.getBody();
    if (body.which() == schema::Command::Body::CLAIM_TASK && body.getClaimTask().getTaskId().size() == 0) {
      auto s = std::make_shared<claim_search>();
      s->promise = promise;
      s->command = std::string(*command);
      s->key = std::string(view_of(root.getIdempotencyKey()));
      // A client's own key may come again at any time; a drawn one says so.
      s->must_ask = !s->key.empty() && (how == sent::again || !is_drawn_key(s->key));
      waiting_.push_back(s);
      if (waiting_.size() == 1) search(s);
    } else {
      promise.delegate(shard_, std::move(f));
    }
    return promise;
  }

  // Looks for the next pending task and claims it. Another claim may come first: then looks again.
  void search(const search_ptr& s) {
    capnp::MallocMessageBuilder message;
    auto query = message.initRoot<schema::Query>();
    query.setOrg(identity_.org);
    query.setNextPendingTask(identity_.agent);
    request(shard_, deadline, read_atom::value, frame::of(frame_kind::query, to_bytes(message)))
        .then([this, s](const frame& f) { claim(s, f); }, [this, s](const caf::error& e) { give_up(s, e); });
  }

  void claim(const search_ptr& s, const frame& found) {
    auto payload = storage::payload_of_query_result(found);
    if (!payload) return finish(s, reply_of(payload.error()));
    message_reader reader(*payload);
    auto result = reader.root<schema::QueryResult>();
    bool any = result.which() == schema::QueryResult::TASKS && result.getTasks().size() > 0;
    if (!any && !s->must_ask) return finish(s, none_pending());
    auto task = any ? std::string(view_of(result.getTasks()[0].getId())) : nobodys_task();
    request(shard_, deadline, claim_of(*s, task))
        .then([this, s](frame& f) { claimed(s, f); }, [this, s](const caf::error& e) { give_up(s, e); });
  }

  static frame none_pending() { return reply_of({errc::not_found, "no task of this agent is pending"}); }

  // An id that no task has: the claim of it is answered by what the shard remembers, or refused and remembered so.
  static std::string nobodys_task() { return "none-" + draw_text(); }

  static frame claim_of(const claim_search& s, const std::string& task) {
    message_reader original(s.command);
    capnp::MallocMessageBuilder message;
    message.setRoot(original.root<schema::Command>());
    auto command = message.getRoot<schema::Command>();
    command.getBody().getClaimTask().setTaskId(task);
    if (!s.key.empty()) command.setIdempotencyKey(key_of_try(s.key, s.rounds));
    return frame::of(frame_kind::command, to_bytes(message));
  }

  void claimed(const search_ptr& s, frame& f) {
    if (is_refused(f, errc::conflict) && ++s->rounds < claim_rounds_max) return search(s);
    finish(s, is_refused(f, errc::not_found) ? none_pending() : std::move(f));
  }

  static bool is_refused(const frame& f, errc code) {
    auto payload = storage::payload_of_reply(f);
    if (!payload) return false;
    message_reader reader(*payload);
    auto reply = reader.root<schema::Reply>();
    return reply.isRefused() && reply.getRefused().getCode() == static_cast<std::uint16_t>(code);
  }

  // The next one looks only now: at once they would all find the same task.
  void finish(const search_ptr& s, frame answer) {
    if (waiting_.empty() || waiting_.front() != s) return;
    waiting_.pop_front();
    s->promise.deliver(std::move(answer));
    if (!waiting_.empty()) search(waiting_.front());
  }

  void give_up(const search_ptr& s, const caf::error&) {
    finish(s, reply_of({errc::timed_out,
                        "the claim was not answered in time: list the agent's tasks, or claim again"}));
  }

  // Another node or another term leads the shard: who waits asks there.
  void leave() {
    for (auto& s : waiting_)
      s->promise.deliver(
          reply_of({errc::timed_out, "leadership changed: list the agent's tasks, or claim again",
                    std::chrono::milliseconds(100)}));
    waiting_.clear();
    quit();
  }

  void check_idle() {
    if (!used_ && waiting_.empty()) send(router_, idle_atom::value, identity_.entity);
    used_ = false;
    delayed_send(this, idle_after, check_atom::value);
  }

  agent_identity identity_;
  caf::actor shard_;
  caf::actor router_;
  bool used_ = true;
  std::deque<search_ptr> waiting_;  // the first one is looked after
};

}  // namespace

caf::actor spawn_agent(caf::actor_system& system, agent_identity identity, caf::actor shard,
                       caf::actor router) {
  return system.spawn<agent_body>(std::move(identity), std::move(shard), std::move(router));
}

}  // namespace troupe
