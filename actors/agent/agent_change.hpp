// One agent while a command changes it: its record and its activity, and what became of them.
//
// Owned by one apply(). The record is written with its previous version kept, and its version grows, only if
// something was said about the agent; activity is written without history.
#pragma once

#include "protocol/machine.hpp"
#include "protocol/message.hpp"

namespace troupe::agents {

class agent_change {
 public:
  // Reads both records; 'id' must be among the command's reads.
  agent_change(const view& before, capnp::Text::Reader org, capnp::Text::Reader id, const stamp& at);
  static void reads(std::string_view org, std::string_view id, read_set& keys);

  bool known() const { return known_; }
  schema::Agent::Builder agent() { return agent_.getRoot<schema::Agent>(); }
  schema::AgentActivity::Builder activity() { return activity_.getRoot<schema::AgentActivity>(); }

  // A sign of life at the time of the stamp.
  void touch();
  // The record says something else now. Call once.
  void renew();
  // Writes records and the fact. An agent that was unknown exists from now on.
  void write(outcome& to);
  // The reply that shows the agent.
  std::string reply();

 private:
  void write_state(schema::AgentState::Builder out);

  capnp::Text::Reader org_;
  capnp::Text::Reader id_;
  const stamp& at_;
  bool known_ = false;
  bool renewed_ = false;
  capnp::MallocMessageBuilder agent_, activity_;
};

}  // namespace troupe::agents
