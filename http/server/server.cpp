#include "http/server/server.hpp"

#include <algorithm>
#include <condition_variable>
#include <future>
#include <thread>

namespace troupe::http {

namespace {

// Fine enough for the shortest deadline, coarse enough to cost nothing.
std::chrono::milliseconds tick_of(const edge_limits& l) {
  auto shortest = std::min({l.head_deadline, l.body_stall_deadline, l.handle_deadline, l.write_stall_deadline,
                            l.idle_deadline, l.linger_deadline, l.socket_idle_deadline, l.stream_keep_alive});
  return std::clamp(shortest / 4, std::chrono::milliseconds(5), std::chrono::milliseconds(500));
}

// Runs a task on an I/O thread and waits for it.
template <class Task>
auto on(io_thread& thread, Task task) {
  auto done = std::make_shared<std::promise<decltype(task())>>();
  auto answer = done->get_future();
  thread.post([done, task = std::move(task)]() mutable {
    if constexpr (std::is_void_v<decltype(task())>) {
      task();
      done->set_value();
    } else {
      done->set_value(task());
    }
  });
  return answer.get();
}

}  // namespace

server::server(std::shared_ptr<server_core> core) : core_(std::move(core)) {
  unsigned count = core_->config.io_threads;
  if (count == 0) count = std::max(1u, std::thread::hardware_concurrency());
  for (unsigned i = 0; i < count; ++i) {
    threads_.push_back(std::make_shared<io_thread>(i, tick_of(core_->config.limits)));
  }
  listen(core_->config.main, surface::main, ports_.main);
  listen(core_->config.otlp, surface::otlp, ports_.otlp);
}

server::~server() {
  if (running_) stop(std::chrono::milliseconds(0));
}

void server::listen(const std::vector<listen_address>& at, surface entry, std::vector<std::uint16_t>& out) {
  for (const auto& address : at) {
    listeners_.push_back(std::make_shared<listener>(core_, threads_, address, entry));
    out.push_back(listeners_.back()->port());
  }
}

void server::prepare() {
  running_ = true;
  for (auto& t : threads_) t->start();
}

void server::start() {
  if (!running_) prepare();
  for (auto& l : listeners_) l->start();
}

void server::stop(std::chrono::milliseconds drain) {
  if (!running_) return;
  running_ = false;
  on(*threads_.front(), [this] {
    for (auto& l : listeners_) l->stop();
  });
  for (auto& t : threads_) {
    t->post([t = t.get()] { t->for_each([](connection& c) { c.drain(); }); });
  }
  auto until = std::chrono::steady_clock::now() + drain;
  std::mutex mutex;
  std::condition_variable pause;
  while (core_->places->open() > 0 && std::chrono::steady_clock::now() < until) {
    std::unique_lock lock(mutex);
    pause.wait_for(lock, std::chrono::milliseconds(5));
  }
  for (auto& t : threads_) t->stop();
  listeners_.clear();
}

}  // namespace troupe::http
