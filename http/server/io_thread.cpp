#include "http/server/io_thread.hpp"

#include <pthread.h>
#include <spdlog/spdlog.h>
#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <future>
#include <system_error>
#include <utility>

#include "protocol/must.hpp"

namespace troupe::http {

io_thread::io_thread(unsigned number, std::chrono::milliseconds tick)
    : number_(number),
      tick_(tick),
      work_(boost::asio::make_work_guard(context_)),
      ticker_(context_),
      watched_(context_) {
  int descriptor = epoll_create1(EPOLL_CLOEXEC);
  if (descriptor < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
  watched_.assign(descriptor);
}

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
  post([this] {
    schedule_tick();
    wait_ready();
  });
}

void io_thread::stop() {
  post([this] {
    stopping_ = true;  // a tick that is due already would schedule the next
    ticker_.cancel();
    boost::system::error_code ignored;
    watched_.cancel(ignored);
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
  draining_ = true;
  for (auto& t : batch) {
    try {
      t();
    } catch (const std::exception& e) {
      spdlog::error("http: a task of an I/O thread threw: {}", e.what());
    }
    t = nullptr;
  }
  draining_ = false;
  flush_dirty();
}

// --- descriptors of its own, and what is to be sent

bool io_thread::watch(int descriptor, connection& c) {
  epoll_event what{};
  what.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  what.data.ptr = &c;
  return epoll_ctl(watched_.native_handle(), EPOLL_CTL_ADD, descriptor, &what) == 0;
}

void io_thread::wait_ready() {
  if (stopping_) return;
  watched_.async_wait(boost::asio::posix::descriptor_base::wait_read, [this](boost::system::error_code ec) {
    if (ec) return;
    serve_ready();
    wait_ready();
  });
}

void io_thread::serve_ready() {
  std::array<epoll_event, 256> ready;
  int count = epoll_wait(watched_.native_handle(), ready.data(), static_cast<int>(ready.size()), 0);
  serving_ = true;
  for (int i = 0; i < count; ++i) {
    auto* c = static_cast<connection*>(ready[static_cast<std::size_t>(i)].data.ptr);
    try {
      c->ready(ready[static_cast<std::size_t>(i)].events);
    } catch (const std::exception& e) {
      spdlog::error("http: a connection threw: {}", e.what());
      c->abort();
    }
  }
  flush_dirty();
  serving_ = false;
  removed_.clear();
}

void io_thread::flush_later(connection& c) {
  if (c.is_dirty) return;
  c.is_dirty = true;
  dirty_.push_back(&c);
  if (draining_ || serving_ || flush_posted_) return;
  flush_posted_ = true;
  boost::asio::post(context_, [this] {
    flush_posted_ = false;
    flush_dirty();
  });
}

void io_thread::flush_dirty() {
  for (std::size_t i = 0; i < dirty_.size(); ++i) {
    auto* c = dirty_[i];
    if (!c) continue;
    auto keep = connections_[c->registry_slot];
    c->is_dirty = false;
    dirty_[i] = nullptr;
    c->flush();
  }
  dirty_.clear();
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
  if (c.is_dirty) std::replace(dirty_.begin(), dirty_.end(), &c, static_cast<connection*>(nullptr));
  c.is_dirty = false;
  if (serving_) removed_.push_back(std::move(gone));
}

void io_thread::for_each(const std::function<void(connection&)>& visit) {
  // Downwards: one that removes itself is replaced by one that was visited.
  for (std::size_t i = connections_.size(); i-- > 0;) {
    if (i >= connections_.size()) continue;
    auto keep = connections_[i];
    visit(*keep);
  }
}

void io_thread::begin_lap() {
  if (lap_open_) return;
  lap_open_ = true;
  lap_began_ = std::chrono::steady_clock::now();
  boost::asio::post(context_, [this] {
    lap_open_ = false;
    lap_ended_ = std::chrono::steady_clock::now();
    lag_ = std::chrono::duration_cast<std::chrono::microseconds>(lap_ended_ - lap_began_);
  });
}

std::chrono::microseconds io_thread::lag() const {
  auto age = std::chrono::steady_clock::now() - lap_ended_;
  return age > std::chrono::milliseconds(100) ? std::chrono::microseconds(0) : lag_;
}

std::optional<std::uint64_t> io_thread::may_warn() {
  constexpr unsigned warnings_per_second_max = 10;
  auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  if (now != warned_at_) {
    warned_at_ = now;
    warned_ = 0;
  }
  if (warned_ >= warnings_per_second_max) {
    ++kept_back_;
    return {};
  }
  ++warned_;
  return std::exchange(kept_back_, 0);
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
