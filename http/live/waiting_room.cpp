#include "http/live/waiting_room.hpp"

#include <algorithm>

#include "http/server/problem.hpp"

namespace troupe::http {

namespace {

constexpr auto look_every = std::chrono::milliseconds(20);

void send_away(const responder& back) {
  back(to_response({errc::unavailable, "The node is starting.", std::chrono::milliseconds(1000)}));
}

}  // namespace

waiting_room::waiting_room(std::shared_ptr<io_thread> home, std::function<bool()> is_ready,
                           std::chrono::milliseconds deadline)
    : home_(std::move(home)), is_ready_(std::move(is_ready)), deadline_(deadline), timer_(home_->context()) {}

void waiting_room::enter(responder back, std::function<void()> then) {
  if (is_ready_()) return then();
  {
    std::lock_guard lock(mutex_);
    if (!is_closed_) {
      guests_.push_back({std::move(back), std::move(then), clock::now() + deadline_});
      if (!std::exchange(is_looking_, true)) home_->post([this] { look_later(); });
      return;
    }
  }
  send_away(back);
}

void waiting_room::look_later() {
  timer_.expires_after(look_every);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) look();
  });
}

void waiting_room::look() {
  std::vector<guest> leaving;
  bool is_ready = is_ready_();
  {
    std::lock_guard lock(mutex_);
    auto now = clock::now();
    auto stays = [&](const guest& g) { return !is_ready && now < g.until; };
    auto first = std::stable_partition(guests_.begin(), guests_.end(), stays);
    leaving.assign(std::make_move_iterator(first), std::make_move_iterator(guests_.end()));
    guests_.erase(first, guests_.end());
    is_looking_ = !guests_.empty();
    if (is_looking_) look_later();
  }
  for (auto& g : leaving) {
    if (!is_ready)
      send_away(g.back);
    else
      g.back.home().post(std::move(g.then));
  }
}

void waiting_room::close() {
  std::vector<guest> all;
  {
    std::lock_guard lock(mutex_);
    is_closed_ = true;
    all.swap(guests_);
  }
  for (auto& g : all) send_away(g.back);
}

}  // namespace troupe::http
