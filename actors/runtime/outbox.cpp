#include "actors/runtime/outbox.hpp"

#include <caf/all.hpp>

#include <chrono>

#include "actors/runtime/router.hpp"
#include "protocol/limits.hpp"
#include "protocol/message.hpp"
#include "protocol/schema/command.capnp.h"
#include "protocol/schema/query.capnp.h"
#include "protocol/wall_clock.hpp"
#include "storage/shard_client.hpp"

namespace troupe {

namespace {

using namespace std::chrono;
using storage::read_atom;
using storage::timers_atom;
using look_atom = caf::atom_constant<caf::atom("look")>;

constexpr auto deadline = milliseconds(limits::command_deadline_ms);
constexpr std::int64_t retry_us = 1'000'000;
constexpr std::int64_t never = INT64_MAX;

class outbox_body final : public caf::event_based_actor {
 public:
  outbox_body(caf::actor_config& cfg, shard_id id, caf::actor shard, node_id self,
              const shard_directory* directory)
      : caf::event_based_actor(cfg), id_(id), shard_(std::move(shard)), self_(self), directory_(directory) {}
  const char* name() const override { return "outbox"; }
  void on_exit() override { shard_ = nullptr; }

 protected:
  caf::behavior make_behavior() override {
    send(shard_, timers_atom::value, caf::actor(this));
    begin();
    return {
        [this](place_atom, std::uint16_t) { begin(); },
        [this](timers_atom, std::int64_t due_us) { wake_at(due_us); },
        [this](look_atom, std::int64_t due_us) {
          if (due_us == armed_us_) armed_us_ = never;
          look();
        },
    };
  }

 private:
  bool leads() const { return !directory_ || directory_->of(id_).leader == self_; }

  // Looks once whenever it may have become the leader's.
  void begin() {
    if (leads()) wake_at(steady_wall_us());
  }

  void wake_at(std::int64_t due_us) {
    if (due_us >= armed_us_ || !leads()) return;
    armed_us_ = due_us;
    delayed_send(this, microseconds(std::max<std::int64_t>(due_us - steady_wall_us(), 0)), look_atom::value,
                 due_us);
  }

  void look() {
    if (!leads()) return;
    if (firing_ != 0) {  // looks again when those are done
      again_ = true;
      return;
    }
    ++firing_;
    capnp::MallocMessageBuilder message;
    message.initRoot<schema::Query>().setDueTimers(steady_wall_us());
    request(shard_, deadline, read_atom::value, frame::of(frame_kind::query, to_bytes(message)))
        .then([this](const frame& f) { fire_all(f); },
              [this](const caf::error&) { fired(steady_wall_us() + retry_us); });
  }

  void fire_all(const frame& f) {
    auto payload = storage::payload_of_query_result(f);
    if (!payload) return fired(steady_wall_us() + retry_us);
    message_reader reader(*payload);
    auto timers = reader.root<schema::QueryResult>().getDueTimers();
    for (auto key : timers.getKeys()) fire(key);
    fired(timers.getNextUs() == 0 ? never : timers.getNextUs());
  }

  void fire(capnp::Data::Reader key) {
    ++firing_;
    capnp::MallocMessageBuilder message;
    auto command = message.initRoot<schema::Command>();
    command.setPrincipal("node");
    command.initBody().setFireTimer(key);
    request(shard_, deadline, frame::of(frame_kind::command, to_bytes(message)))
        .then(
            [this](const frame& answer) {
              fired(storage::payload_of_reply(answer) ? never : steady_wall_us() + retry_us);
            },
            [this](const caf::error&) { fired(steady_wall_us() + retry_us); });
  }

  // One request has been answered; 'next_us' is when to look again at the latest.
  void fired(std::int64_t next_us) {
    --firing_;
    if (next_us != never) wake_at(next_us);
    if (firing_ != 0 || !again_) return;
    again_ = false;
    wake_at(steady_wall_us());
  }

  const shard_id id_;
  caf::actor shard_;
  const node_id self_;
  const shard_directory* const directory_;
  std::int64_t armed_us_ = never;
  int firing_ = 0;
  bool again_ = false;
};

}  // namespace

caf::actor spawn_outbox(caf::actor_system& system, shard_id shard, caf::actor of, node_id self,
                        const shard_directory* directory) {
  return system.spawn<outbox_body>(shard, std::move(of), self, directory);
}

}  // namespace troupe
