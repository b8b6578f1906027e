// One I/O thread: its io_context, its inbox, the connections that live on it.
//
// Invariants: connections are added, ticked and removed on this thread only. post() may be called from anywhere and
// never blocks longer than a push; after close it drops what it is given. The inbox is emptied in one go, and what the
// tasks queued on sockets is sent behind the last of them: one send for each socket. A connection that is removed lives
// until the round of ready descriptors is over.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "http/server/connection.hpp"

namespace troupe::http {

class io_thread : public std::enable_shared_from_this<io_thread> {
 public:
  io_thread(unsigned number, std::chrono::milliseconds tick);

  void start();
  // Ends all connections and the thread. Called once, from outside.
  void stop();

  using task = std::function<void()>;
  void post(task t);
  bool here() const { return std::this_thread::get_id() == id_; }

  boost::asio::io_context& context() { return context_; }
  unsigned number() const { return number_; }

  // On this thread only.
  void add(std::shared_ptr<connection> c);
  void remove(connection& c);
  void for_each(const std::function<void(connection&)>& visit);
  std::size_t connections() const { return connections_.size(); }
  const std::string& date();  // the Date field's value
  // Tells 'c', which must be added, of every change of its descriptor (edge-triggered), until the descriptor is closed.
  // Costs a socket nothing but the kernel's memory. False when the kernel has none left.
  bool watch(int descriptor, connection& c);
  // flush() will be called once, after the tasks under way.
  void flush_later(connection& c);
  void flush_dirty();
  // For reads that are dealt with before anything else runs.
  std::span<char> scratch() { return scratch_; }
  std::chrono::steady_clock::time_point now() const { return now_; }
  // Called with each thing that becomes ready: now and then the time is taken until all that waits had its turn.
  void begin_lap();
  // That time; 0 when it was not taken lately, because there was nothing to do.
  std::chrono::microseconds lag() const;
  // Nothing when there were enough warnings this second; else how many were kept back since the last one.
  std::optional<std::uint64_t> may_warn();

 private:
  void drain_inbox();
  void schedule_tick();
  void wait_ready();
  void serve_ready();

  const unsigned number_;
  const std::chrono::milliseconds tick_;
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  boost::asio::steady_timer ticker_;
  std::thread thread_;
  std::thread::id id_;

  std::mutex mutex_;
  std::vector<task> inbox_;  // bounded by its senders: answers of open requests, broadcasts of the hub
  bool closed_ = false;

  bool stopping_ = false;  // this thread's
  std::vector<std::shared_ptr<connection>> connections_;
  boost::asio::posix::stream_descriptor
      watched_;  // an epoll of its own, for descriptors that Asio does not know
  bool serving_ = false, draining_ = false, flush_posted_ = false;
  std::vector<std::shared_ptr<connection>> removed_;  // while serving
  std::vector<connection*> dirty_;
  std::vector<char> scratch_ = std::vector<char>(64 * 1024);
  std::chrono::steady_clock::time_point now_ = std::chrono::steady_clock::now();
  std::time_t date_at_ = 0;
  std::string date_;
  bool lap_open_ = false;
  std::chrono::steady_clock::time_point lap_began_{}, lap_ended_{};
  std::chrono::microseconds lag_{};
  std::time_t warned_at_ = 0;
  unsigned warned_ = 0;
  std::uint64_t kept_back_ = 0;
};

}  // namespace troupe::http
