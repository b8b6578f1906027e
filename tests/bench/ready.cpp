#include "tests/bench/ready.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <stdexcept>
#include <string_view>

#include "tests/bench/loop.hpp"

extern char** environ;

namespace troupe::bench {

namespace {

class process {
 public:
  explicit process(const std::vector<std::string>& command) {
    std::vector<char*> arguments;
    for (auto& part : command) arguments.push_back(const_cast<char*>(part.c_str()));
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t output;
    posix_spawn_file_actions_init(&output);
    for (int fd : {1, 2})
      posix_spawn_file_actions_addopen(&output, fd, "ready.log", O_WRONLY | O_CREAT | O_APPEND, 0600);
    int error = posix_spawnp(&pid_, arguments[0], &output, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&output);
    if (error) throw std::runtime_error(command[0] + ": " + std::strerror(error));
  }
  ~process() {
    kill(pid_, SIGTERM);
    waitpid(pid_, nullptr, 0);
  }
  process(const process&) = delete;
  process& operator=(const process&) = delete;

 private:
  pid_t pid_ = 0;
};

bool is_ready(const ready_plan& plan) {
  int fd = -1;
  try {
    fd = connect_loopback(plan.port);
  } catch (const std::runtime_error&) {
    return false;
  }
  auto request = "GET " + plan.path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
  std::array<char, 512> answer{};
  pollfd wait{.fd = fd, .events = POLLIN, .revents = 0};
  auto sent = send(fd, request.data(), request.size(), MSG_NOSIGNAL);
  bool good = sent == static_cast<ssize_t>(request.size()) && poll(&wait, 1, 2000) == 1;
  auto n = good ? recv(fd, answer.data(), answer.size(), 0) : 0;
  close(fd);
  return n > 12 && std::string_view(answer.data() + 9, 3) == "200";
}

}  // namespace

double time_to_ready(const ready_plan& plan) {
  auto start = now_ns();
  process server(plan.command);
  while (!is_ready(plan)) {
    if (now_ns() - start > static_cast<std::int64_t>(plan.deadline_seconds * 1e9))
      throw std::runtime_error(plan.command[0] + " was not ready in time");
    poll(nullptr, 0, 1);
  }
  return static_cast<double>(now_ns() - start) / 1e6;
}

}  // namespace troupe::bench
