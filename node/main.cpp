// trouped: reads the settings, starts the node, and ends it on SIGTERM or SIGINT. A second signal ends it at once.
// Exit codes: 0 ended as asked, 1 could not start, 2 wrong settings.
#include <signal.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <exception>
#include <iostream>
#include <thread>

#include "node/config.hpp"
#include "node/log.hpp"
#include "node/process.hpp"
#include "node/running_node.hpp"
#include "node/supervisor.hpp"

namespace {

using namespace troupe;
using namespace troupe::node;

// Blocked in every thread, so that only sigwait sees them.
sigset_t block_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (int s : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, s);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return set;
}

bool json_was_asked_for(const config& c) {
  for (const auto& s : c.settings)
    if (s.of->name == "log_format") return s.value == "json";
  return false;
}

// For people on standard output. Where every line must be JSON, a drawn key goes into one.
void greet(const config& c, const banner_facts& facts) {
  if (!json_was_asked_for(c)) {
    std::cout << banner(facts) << std::flush;
  } else if (facts.key.from == key_origin::drawn) {
    spdlog::info("the admin key, shown this once | admin_key={}", facts.key.text);
  }
}

int serve(const config& c, const sigset_t& signals) {
  auto started = running_node::start(c);
  if (!started) {
    spdlog::error("{}", started.error().detail);
    return 1;
  }
  auto& node = **started;
  greet(c, node.facts());
  tell_supervisor("READY=1");
  int got = 0;
  sigwait(&signals, &got);
  spdlog::info("{} received", got == SIGTERM ? "SIGTERM" : got == SIGINT ? "SIGINT" : "SIGHUP");
  tell_supervisor("STOPPING=1");
  std::thread([signals] {
    int again = 0;
    sigwait(&signals, &again);
    _exit(128 + again);
  }).detach();
  // On this thread, which made the actor system: CAF's destructor waits for ever when another thread runs it.
  node.stop();
  return 0;
}

int run(int argc, char** argv) {
  auto signals = block_signals();
  std::vector<std::string> arguments(argv + 1, argv + argc);
  auto log_target = ::isatty(STDERR_FILENO) == 1 ? terminal::yes : terminal::no;
  auto begin = read_config(arguments, process_environment(), log_target);
  if (!begin) {
    std::cerr << "trouped: " << begin.error().detail << "\nSee trouped --help\n";
    return 2;
  }
  switch (begin->wish) {
    case command_line_wish::help:
    case command_line_wish::version: std::cout << begin->text; return 0;
    case command_line_wish::print_config: std::cout << print_config(begin->settings); return 0;
    case command_line_wish::run: break;
  }
  raise_descriptor_limit();
  start_log({.format = begin->settings.logs, .level = begin->settings.log_level});
  return serve(begin->settings, signals);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& e) {
    spdlog::critical("trouped ends: {}", e.what());
    return 1;
  }
}
