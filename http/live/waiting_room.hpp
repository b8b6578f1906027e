// Requests that came before the node can serve them, kept until it can. For event streams: an EventSource that is
// answered 503 gives up for good, and whoever came back to a node that has just been started would be lost to it.
//
// Thread-safe. What waits is bounded by the connections of the edge, and by the deadline.
#pragma once

#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "http/server/io_thread.hpp"
#include "http/server/responder.hpp"

namespace troupe::http {

class waiting_room {
 public:
  // 'is_ready' is asked on the home thread, many times a second while anybody waits. The home's context must have ended
  // before this is destroyed.
  waiting_room(std::shared_ptr<io_thread> home, std::function<bool()> is_ready,
               std::chrono::milliseconds deadline);

  // Runs 'then' on the request's own I/O thread: at once when the node is ready, else as soon as it is. Who has waited
  // beyond the deadline is answered with 503.
  void enter(responder back, std::function<void()> then);
  // Answers all who wait with 503, and from now on everybody.
  void close();

 private:
  using clock = std::chrono::steady_clock;
  struct guest {
    responder back;
    std::function<void()> then;
    clock::time_point until;
  };

  void look();
  void look_later();

  const std::shared_ptr<io_thread> home_;
  const std::function<bool()> is_ready_;
  const std::chrono::milliseconds deadline_;
  boost::asio::steady_timer timer_;  // the home thread's
  std::mutex mutex_;
  std::vector<guest> guests_;
  bool is_looking_ = false, is_closed_ = false;
};

}  // namespace troupe::http
