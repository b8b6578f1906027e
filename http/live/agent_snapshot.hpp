// All agents of an organisation as a JSON list: what a reader of the agents topic begins with.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "http/live/hub.hpp"

namespace troupe::http {

// 'done' is called once, on 'home', with the list "[...]" or why there is none.
void snapshot_agents(hub& from, std::shared_ptr<io_thread> home, const std::string& org,
                     std::function<void(result<std::string>)> done);

}  // namespace troupe::http
