// States as they are now: what a reader of the agents topic or of a dashboard begins with, and what one gets who missed a
// change.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "http/live/hub.hpp"

namespace troupe::http {

// A reader that needs more lists them by REST.
inline constexpr std::size_t snapshot_agents_max = 5000;

struct agent_list {
  std::string json = "[";     // "[...]"
  bool is_truncated = false;  // there are more than snapshot_agents_max
};

// All agents of an organisation. 'done' is called once, on 'home', with the list or why there is none. Readers take turns.
void snapshot_agents(hub& from, std::shared_ptr<io_thread> home, const std::string& org,
                     std::function<void(result<agent_list>)> done);

// What the topic of an agent or a dashboard is about, as its pushes show it: {"agent":..} or {"dashboard":..}. An empty text
// if it is not known.
void snapshot_one(hub& from, std::shared_ptr<io_thread> home, const topic& of,
                  std::function<void(result<std::string>)> done);

}  // namespace troupe::http
