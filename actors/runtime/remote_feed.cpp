#include "actors/runtime/remote_feed.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <map>
#include <random>

#include "actors/runtime/feed_taker.hpp"
#include "protocol/limits.hpp"

namespace troupe {

struct feed_reply {
  std::uint64_t session = 0;
  result<frame> got;
};
using feed_reply_ptr = std::shared_ptr<feed_reply>;

}  // namespace troupe

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::feed_reply_ptr)

namespace troupe {

namespace {

using storage::follow_atom;
using storage::taken_atom;
using wake_atom = caf::atom_constant<caf::atom("wake")>;

constexpr std::size_t ahead_bytes_max = limits::feed_bytes_ahead_max / 4;

class remote_feed_body final : public caf::event_based_actor, private feed_taker_host {
 public:
  remote_feed_body(caf::actor_config& cfg, shard_id shard, gateway_peers cluster)
      : caf::event_based_actor(cfg), taker_(*this, shard, std::move(cluster), std::random_device{}()) {
    set_down_handler([this](const caf::down_msg& down) {
      followers_.erase(down.source);
      taker_.go_on();
    });
  }
  const char* name() const override { return "remote_feed"; }
  void on_exit() override { followers_.clear(); }

 protected:
  caf::behavior make_behavior() override {
    return {
        [this](follow_atom, const caf::actor& who) { follow(who); },
        [this](taken_atom, std::uint64_t bytes) { taken(bytes); },
        [this](place_atom) { taker_.place_changed(); },
        [this](wake_atom) { taker_.wake(); },
        [this](const feed_reply_ptr& r) { taker_.answered(r->session, r->got); },
    };
  }

 private:
  struct follower {
    caf::actor who;
    std::uint64_t ahead_bytes = 0;
  };

  void follow(const caf::actor& who) {
    if (!followers_.contains(who.address())) monitor(who);
    auto& f = followers_[who.address()] = {who};
    if (auto at = taker_.position()) pass_to(f, encode(*at));
    taker_.go_on();
  }

  void taken(std::uint64_t bytes) {
    auto it = followers_.find(caf::actor_cast<caf::actor_addr>(current_sender()));
    if (it == followers_.end()) return;
    it->second.ahead_bytes -= std::min(bytes, it->second.ahead_bytes);
    taker_.go_on();
  }

  void pass_to(follower& f, std::string_view feed) {
    auto message = frame::of(frame_kind::feed, feed);
    f.ahead_bytes += message.bytes.size();
    send(f.who, std::move(message));
  }

  void pass(std::string_view feed) override {
    for (auto& [address, f] : followers_) pass_to(f, feed);
  }
  bool is_crowded() const override {
    return std::any_of(followers_.begin(), followers_.end(),
                       [](auto& f) { return f.second.ahead_bytes > ahead_bytes_max; });
  }
  std::function<void(result<frame>)> mailbox(std::uint64_t session) override {
    return [to = address(), session](result<frame> got) {
      if (auto self = caf::actor_cast<caf::actor>(to))
        caf::anon_send(self, std::make_shared<feed_reply>(feed_reply{session, std::move(got)}));
    };
  }
  void wake_after(std::chrono::milliseconds wait) override { delayed_send(this, wait, wake_atom::value); }

  std::map<caf::actor_addr, follower> followers_;
  feed_taker taker_;
};

}  // namespace

caf::actor spawn_remote_feed(caf::actor_system& system, shard_id shard, gateway_peers cluster) {
  return system.spawn<remote_feed_body>(shard, std::move(cluster));
}

}  // namespace troupe
