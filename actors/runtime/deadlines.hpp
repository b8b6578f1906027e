// Answers calls that wait too long. A timer of CAF's for each call would wake its clock's thread every time: here one
// actor looks once a second, and only while there are calls. Any thread.
#pragma once

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

#include <memory>

#include "storage/shard_client.hpp"

namespace troupe {

class deadlines {
 public:
  explicit deadlines(caf::actor_system& system);
  ~deadlines();
  deadlines(const deadlines&) = delete;
  deadlines& operator=(const deadlines&) = delete;

  // From now on it has limits::command_deadline_ms.
  void add(const storage::local_call_ptr& call);

 private:
  struct table;
  std::shared_ptr<table> open_;
  caf::actor sweeper_;
};

}  // namespace troupe
