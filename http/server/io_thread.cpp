#include "http/server/io_thread.hpp"

#include <pthread.h>
#include <spdlog/spdlog.h>

#include <boost/asio/post.hpp>
#include <future>

#include "protocol/must.hpp"

namespace troupe::http {

io_thread::io_thread(unsigned number, std::chrono::milliseconds tick)
    : number_(number), tick_(tick), work_(boost::asio::make_work_guard(context_)), ticker_(context_) {}

void io_thread::start() {
  std::promise<void> running;
  thread_ = std::thread([this, &running] {
    pthread_setname_np(pthread_self(), ("http-" + std::to_string(number_)).c_str());
    id_ = std::this_thread::get_id();
    running.set_value();
    while (true) {
      try {
        context_.run();
        return;
      } catch (const std::exception& e) {
        spdlog::error("http: a handler threw: {}", e.what());
      }
    }
  });
  running.get_future().wait();
  post([this] { schedule_tick(); });
}

void io_thread::stop() {
  post([this] {
    stopping_ = true;  // a tick that is due already would schedule the next
    ticker_.cancel();
    for_each([](connection& c) { c.abort(); });
    work_.reset();
  });
  if (thread_.joinable()) thread_.join();
  std::vector<task> left;
  std::lock_guard lock(mutex_);
  closed_ = true;
  left.swap(inbox_);
}

void io_thread::post(task t) {
  std::lock_guard lock(mutex_);
  if (closed_) return;
  inbox_.push_back(std::move(t));
  if (inbox_.size() == 1) {
    boost::asio::post(context_, [this] { drain_inbox(); });
  }
}

void io_thread::drain_inbox() {
  std::vector<task> batch;
  {
    std::lock_guard lock(mutex_);
    batch.swap(inbox_);
  }
  for (auto& t : batch) {
    try {
      t();
    } catch (const std::exception& e) {
      spdlog::error("http: a task of an I/O thread threw: {}", e.what());
    }
    t = nullptr;
  }
}

void io_thread::schedule_tick() {
  if (stopping_) return;
  ticker_.expires_after(tick_);
  ticker_.async_wait([this](boost::system::error_code ec) {
    if (ec) return;
    now_ = std::chrono::steady_clock::now();
    for_each([this](connection& c) { c.tick(now_); });
    schedule_tick();
  });
}

void io_thread::add(std::shared_ptr<connection> c) {
  must(here(), "a connection is added on its own thread");
  if (stopping_) {
    c->abort();
    return;
  }
  now_ = std::chrono::steady_clock::now();
  c->registry_slot = connections_.size();
  connections_.push_back(std::move(c));
}

void io_thread::remove(connection& c) {
  auto slot = c.registry_slot;
  if (slot >= connections_.size() || connections_[slot].get() != &c) return;
  auto gone = std::move(connections_[slot]);
  if (slot + 1 != connections_.size()) {
    connections_[slot] = std::move(connections_.back());
    connections_[slot]->registry_slot = slot;
  }
  connections_.pop_back();
}

void io_thread::for_each(const std::function<void(connection&)>& visit) {
  // Downwards: one that removes itself is replaced by one that was visited.
  for (std::size_t i = connections_.size(); i-- > 0;) {
    if (i >= connections_.size()) continue;
    auto keep = connections_[i];
    visit(*keep);
  }
}

const std::string& io_thread::date() {
  auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  if (now != date_at_) {
    date_at_ = now;
    std::tm parts{};
    gmtime_r(&now, &parts);
    char text[40];
    std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    date_ = text;
  }
  return date_;
}

}  // namespace troupe::http
