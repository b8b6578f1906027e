#include "actors/runtime/feeds.hpp"

#include <caf/all.hpp>

#include "actors/runtime/remote_feed.hpp"

namespace troupe {

namespace {

using storage::follow_atom;

class feeds_body final : public caf::event_based_actor {
 public:
  feeds_body(caf::actor_config& cfg, std::vector<caf::actor> shards, gateway_peers cluster)
      : caf::event_based_actor(cfg),
        shards_(std::move(shards)),
        cluster_(std::move(cluster)),
        remote_(shards_.size()),
        led_(shards_.size()) {
    set_down_handler([this](const caf::down_msg& down) {
      std::erase_if(subscribers_, [&](auto& s) { return s.address() == down.source; });
    });
  }
  const char* name() const override { return "feeds"; }
  void on_exit() override {
    for (auto& r : remote_)
      if (r) caf::anon_send_exit(r, caf::exit_reason::user_shutdown);
    remote_.clear();
    shards_.clear();
    subscribers_.clear();
  }

 protected:
  caf::behavior make_behavior() override {
    for (std::uint16_t s = 0; s < shards_.size(); ++s) look(s);
    return {
        [this](follow_atom, const caf::actor& who) {
          monitor(who);
          subscribers_.push_back(who);
          for (std::uint16_t s = 0; s < shards_.size(); ++s) send(who, source_atom::value, s, source(s));
        },
        [this](place_atom, std::uint16_t shard) { look(shard); },
    };
  }

 private:
  void look(std::uint16_t shard) {
    if (!cluster_.peers || shard >= shards_.size()) return;
    auto led = led_by(cluster_.directory->of(shard_id(shard)), cluster_.links->self());
    bool is_same = led == led_[shard] && (led || remote_[shard]);
    led_[shard] = led;
    // Also while nobody is known to lead: it is what looks for the leader.
    if (!led && !remote_[shard]) remote_[shard] = spawn_remote_feed(system(), shard_id(shard), cluster_);
    if (remote_[shard]) send(remote_[shard], place_atom::value);
    if (is_same) return;
    for (auto& s : subscribers_) send(s, source_atom::value, shard, source(shard));
  }

  const caf::actor& source(std::uint16_t shard) const {
    return !cluster_.peers || led_[shard] ? shards_[shard] : remote_[shard];
  }

  std::vector<caf::actor> shards_;
  const gateway_peers cluster_;
  std::vector<caf::actor> remote_;        // by shard; none while this node has always led it
  std::vector<std::optional<term>> led_;  // by shard: the term in which this node leads it
  std::vector<caf::actor> subscribers_;
};

}  // namespace

caf::actor spawn_feeds(caf::actor_system& system, std::vector<caf::actor> shards, gateway_peers cluster) {
  return system.spawn<feeds_body>(std::move(shards), std::move(cluster));
}

}  // namespace troupe
