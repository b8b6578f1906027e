// One I/O thread: its io_context, its inbox, the connections that live on it.
//
// Invariants: connections are added, ticked and removed on this thread only. post() may be called from anywhere and
// never blocks longer than a push; after close it drops what it is given.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <mutex>
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
  std::chrono::steady_clock::time_point now() const { return now_; }

 private:
  void drain_inbox();
  void schedule_tick();

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
  std::chrono::steady_clock::time_point now_ = std::chrono::steady_clock::now();
  std::time_t date_at_ = 0;
  std::string date_;
};

}  // namespace troupe::http
