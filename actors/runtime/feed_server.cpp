#include "actors/runtime/feed_server.hpp"

#include <caf/all.hpp>

namespace troupe {

namespace {

using namespace std::chrono;
using storage::follow_atom;
using storage::taken_atom;
using sweep_atom = caf::atom_constant<caf::atom("sweep")>;

class feed_server_body final : public caf::event_based_actor, private feed_giver_host {
 public:
  feed_server_body(caf::actor_config& cfg, std::vector<caf::actor> shards, gateway_peers cluster)
      : caf::event_based_actor(cfg),
        shards_(std::move(shards)),
        giver_(*this, static_cast<std::uint16_t>(shards_.size()), std::move(cluster)) {}
  const char* name() const override { return "feed_server"; }
  void on_exit() override {
    shards_.clear();
    giver_.clear();
  }

 protected:
  caf::behavior make_behavior() override {
    return {
        [this](const feed_asked_ptr& asked) {
          giver_.asked(asked->from, asked->question, std::move(asked->reply));
        },
        [this](const frame& f) {
          send(caf::actor_cast<caf::actor>(current_sender()), taken_atom::value,
               static_cast<std::uint64_t>(f.bytes.size()));
          if (auto feed = f.open(frame_kind::feed)) giver_.told(*feed);
        },
        [this](place_atom, std::uint16_t shard) { giver_.place_changed(shard_id(shard)); },
        [this](gone_atom, std::uint64_t node) { giver_.gone(node_id(node)); },
        [this](sweep_atom) { giver_.sweep(); },
    };
  }

 private:
  steady_clock::time_point now() const override { return steady_clock::now(); }
  void follow(shard_id shard) override { send(shards_[shard.value], follow_atom::value, caf::actor(this)); }
  void sweep_after(milliseconds wait) override { delayed_send(this, wait, sweep_atom::value); }

  std::vector<caf::actor> shards_;
  feed_giver giver_;
};

}  // namespace

caf::actor spawn_feed_server(caf::actor_system& system, std::vector<caf::actor> shards,
                             gateway_peers cluster) {
  return system.spawn<feed_server_body>(std::move(shards), std::move(cluster));
}

}  // namespace troupe
