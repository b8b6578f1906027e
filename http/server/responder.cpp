#include "http/server/responder.hpp"

#include <atomic>

#include "http/server/io_thread.hpp"
#include "http/server/problem.hpp"
#include "http/server/session.hpp"

namespace troupe::http {

class exchange {
 public:
  exchange(std::shared_ptr<io_thread> home, std::shared_ptr<session> to, std::uint64_t request)
      : home_(std::move(home)), to_(std::move(to)), request_(request) {}
  ~exchange() {
    if (!answered_.load()) {
      complete(problem_response(errc::internal, "The request was given up without an answer."));
    }
  }

  void complete(response r) {
    if (answered_.exchange(true)) return;
    auto to = std::move(to_);
    if (home_->here()) {
      to->deliver(request_, std::move(r));
    } else {
      // The session goes with the message: it is destroyed on its own thread.
      auto* home = home_.get();
      home->post([to = std::move(to), number = request_, r = std::move(r)]() mutable {
        to->deliver(number, std::move(r));
      });
    }
  }
  io_thread& home() const { return *home_; }

 private:
  const std::shared_ptr<io_thread> home_;
  std::shared_ptr<session> to_;
  const std::uint64_t request_;
  std::atomic<bool> answered_{false};
};

responder::responder(std::shared_ptr<io_thread> home, std::shared_ptr<session> to, std::uint64_t request)
    : exchange_(std::make_shared<exchange>(std::move(home), std::move(to), request)) {}

void responder::operator()(response r) const { exchange_->complete(std::move(r)); }
io_thread& responder::home() const { return exchange_->home(); }

}  // namespace troupe::http
