// How work lies on the members of teams, and what to do about it. Pure: from figures that were added up already.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/rollup.hpp"

namespace troupe::http {

struct team_member {
  std::string agent;
  rollup usage;
  std::int64_t busy_slots = 0, open_tasks = 0, claimed_tasks = 0;
  double load = 1;
};

struct team_figures {
  std::string name;  // empty: agents without a team
  std::vector<team_member> members;
  rollup usage;
  std::int64_t completed = 0, failed = 0;
  rollup executions;  // their durations
  std::map<std::int64_t, rollup> steps;
  std::map<std::int64_t, std::int64_t> busy_steps;  // slots

  std::int64_t busy_slots() const;
  std::int64_t active() const;  // members with events
  std::int64_t open_tasks() const;
  std::int64_t claimed_tasks() const;
};

struct recommendation {
  std::string_view kind;
  std::string team, agent, to_agent, title, arithmetic, evidence;  // evidence is JSON
  double score = 0;
};

// Sets each member's load: the largest of its busy time, events and open tasks, each relative to the mean of the others.
// Members are ordered by it.
void weigh(team_figures& team);
// How uneven: the Gini coefficient, 0 (all alike) to 1 (all on one). C. Gini, "Variabilita e mutabilita", 1912.
std::optional<double> gini(std::vector<double> values);
// Best first. 'slots' is how many slots of 10 s the window has.
std::vector<recommendation> recommend(const std::vector<team_figures>& teams, std::int64_t slots);

}  // namespace troupe::http
