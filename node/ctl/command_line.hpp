// The command line of troupectl: what was asked for, run against a node.
#pragma once

#include <ostream>
#include <span>
#include <string>

#include "node/config.hpp"

namespace troupe::ctl {

struct console {
  std::ostream& out;
  std::ostream& err;
  node::terminal out_is;
};

// 'arguments' without the program's name. Returns the exit code.
int run(std::span<const std::string> arguments, const node::environment& env, const console& on);

}  // namespace troupe::ctl
