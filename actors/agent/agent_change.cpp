#include "agent_change.hpp"

#include <algorithm>

#include "protocol/records.hpp"

namespace troupe::agents {

agent_change::agent_change(const view& before, capnp::Text::Reader org, capnp::Text::Reader id,
                           const stamp& at)
    : org_(org), id_(id), at_(at) {
  if (auto bytes = before.get(family::state, agent_key(view_of(org), view_of(id)))) {
    message_reader old(*bytes);
    agent_.setRoot(old.root<schema::Agent>());
    known_ = true;
  } else {
    init_agent(agent_.initRoot<schema::Agent>(), org, id, at);
  }
  if (auto bytes = before.get(family::state, agent_activity_key(view_of(org), view_of(id)))) {
    message_reader old(*bytes);
    activity_.setRoot(old.root<schema::AgentActivity>());
  } else {
    activity_.initRoot<schema::AgentActivity>();
  }
}

void agent_change::reads(std::string_view org, std::string_view id, read_set& keys) {
  keys.add(family::state, agent_key(org, id));
  keys.add(family::state, agent_activity_key(org, id));
}

void agent_change::touch() {
  auto now = activity();
  now.setLastActivityUs(std::max(now.getLastActivityUs(), at_.time_us));
}

void agent_change::renew() {
  renewed_ = true;
  if (!known_) return;  // version 1 says it all
  agent().setVersion(agent().getVersion() + 1);
  agent().setUpdatedUs(at_.time_us);
}

void agent_change::write(outcome& to) {
  if (!known_ || renewed_)
    to.changes.put_kept(family::state, agent_key(view_of(org_), view_of(id_)), to_bytes(agent_));
  to.changes.put(family::state, agent_activity_key(view_of(org_), view_of(id_)), to_bytes(activity_));
  capnp::MallocMessageBuilder message;
  auto fact = message.initRoot<schema::Fact>();
  fact.setOrg(org_);
  write_state(fact.initAgentChanged());
  to.facts.push_back(to_bytes(message));
}

std::string agent_change::reply() {
  capnp::MallocMessageBuilder message;
  write_state(message.initRoot<schema::Reply>().initAgent());
  return to_bytes(message);
}

void agent_change::write_state(schema::AgentState::Builder out) {
  out.setAgent(agent().asReader());
  out.setActivity(activity().asReader());
  out.setCreated(!known_);
}

}  // namespace troupe::agents
