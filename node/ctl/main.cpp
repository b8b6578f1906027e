// troupectl: the admin's command line. See command_line.hpp.
#include <unistd.h>

#include <csignal>
#include <exception>
#include <iostream>

#include "node/ctl/command_line.hpp"

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  try {
    std::vector<std::string> arguments(argv + 1, argv + argc);
    auto out_is = ::isatty(STDOUT_FILENO) == 1 ? troupe::node::terminal::yes : troupe::node::terminal::no;
    return troupe::ctl::run(arguments, troupe::node::process_environment(), {std::cout, std::cerr, out_is});
  } catch (const std::exception& e) {
    std::cerr << "troupectl: " << e.what() << '\n';
    return 1;
  }
}
