// Reads agents and tasks: get_agent, list_agents, get_task, list_tasks, next_pending_task.
// A task is shown without its claim token: only the answer to the claim carries it.
#pragma once

#include "protocol/machine.hpp"

namespace troupe::agents {

class agent_queries final : public query_handler {
 public:
  bool handles(schema::Query::Which query) const override;
  void answer(const record_reader& records, schema::Query::Reader query,
              schema::QueryResult::Builder out) const override;
};

}  // namespace troupe::agents
