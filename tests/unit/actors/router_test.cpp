// The router's table of live entities and its bound.
#include "actors/runtime/router.hpp"

#include <caf/all.hpp>
#include <catch2/catch_test_macros.hpp>

#include "protocol/message.hpp"
#include "protocol/schema/command.capnp.h"

using namespace troupe;

namespace {

frame heartbeat_of(const std::string& agent) {
  capnp::MallocMessageBuilder message;
  auto command = message.initRoot<schema::Command>();
  command.setOrg("default");
  command.initBody().initHeartbeat().setAgentId(agent);
  return frame::of(frame_kind::command, to_bytes(message));
}

frame claim_of(const std::string& agent, const std::string& task) {
  capnp::MallocMessageBuilder message;
  auto command = message.initRoot<schema::Command>();
  command.setOrg("default");
  auto claim = command.initBody().initClaimTask();
  claim.setAgentId(agent);
  claim.setTaskId(task);
  return frame::of(frame_kind::command, to_bytes(message));
}

// Answers every command with a refusal of its own, so that what came to it can be told.
class refusing_shard final : public caf::event_based_actor {
 public:
  explicit refusing_shard(caf::actor_config& cfg) : caf::event_based_actor(cfg) {}

 protected:
  caf::behavior make_behavior() override {
    return {[](frame&) { return storage::reply_of({errc::conflict, "the shard was asked"}); }};
  }
};

struct fixture {
  fixture() : system(config), self(system) {
    router = spawn_router(system, {system.spawn<refusing_shard>()}, 3);
  }
  ~fixture() { self->send_exit(router, caf::exit_reason::user_shutdown); }
  // "the shard was asked", or how the router refused.
  errc ask(frame f) {
    errc code = errc::none;
    self->request(router, std::chrono::seconds(20), command_atom::value, std::uint16_t{0}, std::move(f))
        .receive(
            [&](const frame& answer) {
              auto payload = storage::payload_of_reply(answer);
              code = payload ? errc::conflict : payload.error().code;
            },
            [&](const caf::error&) { code = errc::internal; });
    return code;
  }

  caf::actor_system_config config;
  caf::actor_system system;
  caf::scoped_actor self;
  caf::actor router;
};

}  // namespace

TEST_CASE("router: with as many live agents as may be, the others' commands go straight to their shard") {
  fixture f;
  for (int i = 0; i < 5000; ++i) REQUIRE(f.ask(heartbeat_of("agent " + std::to_string(i))) == errc::conflict);
  // Those that are live have an actor, which looks for a task; the others are told to come again.
  CHECK(f.ask(claim_of("agent 4999", "")) == errc::overloaded);
  CHECK(f.ask(claim_of("agent 4999", "a task")) == errc::conflict);
  CHECK(f.ask(heartbeat_of("agent 4999")) == errc::conflict);
  CHECK(f.ask(heartbeat_of("agent 0")) == errc::conflict);
}
