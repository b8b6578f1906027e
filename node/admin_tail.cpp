#include "node/admin_tail.hpp"

#include <spdlog/spdlog.h>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>

#include <chrono>

#include "node/admin.hpp"
#include "node/admin_reply.hpp"
#include "protocol/message.hpp"
#include "protocol/schema/reply.capnp.h"

namespace troupe::node {

// Within the process only: never serialized.
struct fed {
  std::shared_ptr<const std::string> feed;
};

}  // namespace troupe::node

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::node::fed)

namespace troupe::node {
namespace {

struct tail_state {
  caf::actor peer;
  std::string agent;
  std::unique_ptr<subscription> following;
  std::size_t frames_ahead = 0, bytes_ahead = 0;
};

using tail_actor = caf::stateful_actor<tail_state>;

void pass_on(tail_actor* self, const std::string& feed) {
  auto& s = self->state;
  if (s.frames_ahead >= tail_frames_ahead_max || s.bytes_ahead + feed.size() > tail_bytes_ahead_max) {
    self->send(s.peer, admin_refusal({.code = errc::overloaded,
                                      .detail = "this reader is too slow for the events that arrive"}));
    self->quit();
    return;
  }
  auto bytes = feed.size();
  s.frames_ahead += 1;
  s.bytes_ahead += bytes;
  self->request(s.peer, caf::infinite, frame::of(frame_kind::feed, feed))
      .then(
          [self, bytes] {
            self->state.frames_ahead -= 1;
            self->state.bytes_ahead -= bytes;
          },
          [self](caf::error&) { self->quit(); });
}

caf::behavior tail(tail_actor* self, const caf::actor& peer, const std::string& agent, client* actors) {
  self->state.peer = peer;
  self->state.agent = agent;
  self->monitor(peer);
  self->set_down_handler([self](caf::down_msg&) { self->quit(); });
  // The handle in the sink keeps this actor alive until quit() ends the subscription.
  self->state.following = actors->subscribe(
      [handle = caf::actor_cast<caf::actor>(self)](std::shared_ptr<const std::string> feed) {
        caf::anon_send(handle, fed{std::move(feed)});
      });
  return {[self](const fed& f) {
    const auto& s = self->state;
    try {
      if (s.agent.empty() || concerns(*f.feed, s.agent)) pass_on(self, *f.feed);
    } catch (const kj::Exception& e) {
      spdlog::error("a feed could not be read: {}", e.getDescription().cStr());
    }
  }};
}

}  // namespace

bool concerns(std::string_view feed, std::string_view agent) {
  message_reader reader(feed);
  for (auto bytes : reader.root<schema::Feed>().getFacts()) {
    message_reader fact_reader(view_of(bytes));
    auto fact = fact_reader.root<schema::Fact>();
    switch (fact.which()) {
      case schema::Fact::EVENTS_APPENDED:
        for (auto event : fact.getEventsAppended().getEvents())
          if (view_of(event.getAgentId()) == agent) return true;
        break;
      case schema::Fact::AGENT_CHANGED:
        if (view_of(fact.getAgentChanged().getAgent().getId()) == agent) return true;
        break;
      case schema::Fact::TASK_CHANGED:
        if (view_of(fact.getTaskChanged().getAgentId()) == agent) return true;
        break;
      default: break;
    }
  }
  return false;
}

caf::actor spawn_tail(caf::local_actor& owner, caf::actor peer, std::string agent, client& actors) {
  return owner.spawn(tail, std::move(peer), std::move(agent), &actors);
}

}  // namespace troupe::node
