// What a batch of events says about its agents: each is created at first sight, and its activity grows.
//
// Owned by one apply(). The batch and the view must outlive it.
#pragma once

#include <map>
#include <optional>
#include <string_view>

#include "protocol/flat_builder.hpp"
#include "protocol/machine.hpp"
#include "protocol/rollup.hpp"

namespace troupe::events {

class activity {
 public:
  activity(const view& before, capnp::Text::Reader org, const stamp& at)
      : before_(before), org_(org), at_(at) {}

  // Counts the event for its agent. Returns the agent's team: the event's, if the agent had none.
  std::string_view count(schema::Event::Reader event);
  // The agents' records and one fact each, by id.
  void write(outcome& to);

 private:
  struct seen {
    capnp::Text::Reader id;
    std::optional<message_reader> agent, activity;  // before
    std::string_view team;
    bool team_is_new = false;
    std::int64_t last_us = 0, events = 0;
    rollup sums;  // errors, tokens and cost of the batch
  };

  seen& at(schema::Event::Reader event);
  void write_one(seen& s, outcome& to);
  schema::Agent::Reader write_agent(seen& s, outcome& to);
  schema::AgentActivity::Reader write_activity(seen& s, outcome& to);

  const view& before_;
  capnp::Text::Reader org_;
  const stamp& at_;
  std::map<std::string_view, seen> agents_;
  seen* latest_ = nullptr;  // batches come mostly from one agent
  flat_builder agent_builder_, activity_builder_, fact_builder_;
};

}  // namespace troupe::events
