// The readers of one I/O thread by topic, and the way frames come to them.
//
// Threads: put() from anywhere; everything else on the I/O thread.
//
// Invariants: what is put arrives in that order, readers as well as frames: a reader gets exactly the frames that were put
// behind it. The I/O thread is woken once for what is put until it comes. A reader that leaves while a frame goes round
// leaves an empty place, which is removed afterwards, so that taking a frame may close readers.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "http/live/live_frame.hpp"
#include "http/live/turnstile.hpp"
#include "http/server/io_thread.hpp"

namespace troupe::http {

// Somebody on an I/O thread who follows a topic.
class frame_taker {
 public:
  virtual ~frame_taker() = default;
  virtual void take(const delivery& d) = 0;  // on its I/O thread

 private:
  friend class switchboard;
  static constexpr std::uint32_t nowhere = std::numeric_limits<std::uint32_t>::max(), coming = nowhere - 1;
  std::uint32_t place_ = nowhere;  // in its topic's line
};

class switchboard {
 public:
  switchboard(io_thread& home, std::size_t recoveries_max)
      : recoveries(recoveries_max), home_(home), pause_(home.context()) {}

  struct parcel {
    frame_ptr frame;
    std::shared_ptr<frame_taker> newcomer;  // instead of a frame
    std::string topic_key = {};             // the newcomer's
  };
  // True if the I/O thread must be woken to deliver(). Takes all of 'some'.
  bool put(std::vector<parcel>& some);
  std::size_t waiting_bytes() const;
  bool is_empty() const;

  void expect(frame_taker& who) { who.place_ = frame_taker::coming; }
  void remove(const std::string& key, frame_taker& who);
  // Delivers what was put and has it sent, now or soon: at most half of the thread's time goes to such rounds. What
  // comes within a pause goes out with the next send; when there is little to send there is no pause.
  void deliver(std::function<void()> done);

  turnstile recoveries;

 private:
  struct line {
    std::vector<frame_taker*> places;
    int going_round = 0;
    bool has_gaps = false;
  };
  using lines = std::unordered_map<std::string, line>;

  void deliver_all();
  void add(const std::string& key, frame_taker& who);
  struct group {
    std::vector<frame_ptr> frames;  // of one topic
    std::size_t bytes = 0;
  };
  void go_round(std::vector<group>& groups);
  void go_round(std::span<const frame_ptr> frames);
  void tidy(lines::iterator it);

  io_thread& home_;
  boost::asio::steady_timer pause_;
  std::chrono::steady_clock::time_point next_{};
  lines lines_;
  mutable std::mutex mutex_;
  std::vector<parcel> parcels_;
  std::size_t bytes_ = 0;
};

}  // namespace troupe::http
