// How long a server takes from being started to its first good answer.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace troupe::bench {

struct ready_plan {
  std::vector<std::string> command;  // program and arguments; environment and working folder are ours
  std::uint16_t port = 0;
  std::string path = "/";  // ready when this is answered with 200
  double deadline_seconds = 60;
};

// Milliseconds. The server is asked to end (SIGTERM) and waited for. Throws std::runtime_error.
double time_to_ready(const ready_plan& plan);

}  // namespace troupe::bench
