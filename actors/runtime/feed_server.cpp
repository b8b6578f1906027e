#include "actors/runtime/feed_server.hpp"

#include <caf/all.hpp>

#include <deque>
#include <map>

#include "actors/runtime/feed_position.hpp"
#include "protocol/limits.hpp"

namespace troupe {

namespace {

using namespace std::chrono;
using storage::follow_atom;
using storage::taken_atom;
using sweep_atom = caf::atom_constant<caf::atom("sweep")>;

constexpr auto sweep_every = seconds(1);
constexpr auto answer_after = seconds(4), forget_after = seconds(30);
constexpr std::size_t answer_bytes_max = 512 * 1024;  // more than one feed of it
constexpr std::size_t feed_bytes_max = 768 * 1024;    // a larger one is read from the shard
constexpr std::size_t kept_bytes_max = limits::feed_bytes_ahead_max / 2;

class feed_server_body final : public caf::event_based_actor {
 public:
  feed_server_body(caf::actor_config& cfg, std::vector<caf::actor> shards, gateway_peers cluster)
      : caf::event_based_actor(cfg),
        shards_(std::move(shards)),
        cluster_(std::move(cluster)),
        feeds_(shards_.size()) {}
  const char* name() const override { return "feed_server"; }
  void on_exit() override {
    shards_.clear();
    feeds_.clear();
  }

 protected:
  caf::behavior make_behavior() override {
    return {
        [this](const feed_asked_ptr& asked) { take(*asked); },
        [this](const frame& f) { told(f); },
        [this](place_atom, std::uint16_t shard) { look(shard); },
        [this](gone_atom, std::uint64_t node) {
          for (auto& feed : feeds_) feed.sessions.erase(node_id(node));
        },
        [this](sweep_atom) { sweep(); },
    };
  }

 private:
  using clock = steady_clock;
  using text = std::shared_ptr<const std::string>;

  struct session {
    std::uint64_t number = 0;
    network::reply_to reply;  // to the question that waits, if one does
    clock::time_point asked_at;
    std::deque<text> kept;
    std::size_t bytes = 0;
    bool wants_position = true;
  };
  struct shard_feed {
    std::optional<term> followed;  // the term in which this node leads the shard and follows it
    std::optional<feed_position> at;
    std::map<node_id, session> sessions;
  };

  void take(const feed_asked& asked) {
    auto shard = asked.question.shard;
    if (shard.value >= shards_.size()) return asked.reply(over(shard, asked.question.session));
    look(shard.value);
    auto& feed = feeds_[shard.value];
    if (!feed.followed) return asked.reply(over(shard, asked.question.session));
    auto& s = feed.sessions[asked.from];
    if (s.number != asked.question.session) s = {asked.question.session, {}, {}, {}, 0, true};
    s.reply = asked.reply;
    s.asked_at = clock::now();
    if (!std::exchange(sweeping_, true)) delayed_send(this, sweep_every, sweep_atom::value);
    answer(shard, s);
  }

  void look(std::uint16_t shard) {
    if (shard >= shards_.size()) return;
    auto& feed = feeds_[shard];
    auto place = cluster_.directory->of(shard_id(shard));
    auto led = place.leader == cluster_.links->self() ? std::optional(place.term) : std::nullopt;
    if (feed.followed == led) return;
    for (auto& [node, s] : feed.sessions)
      if (s.reply) s.reply(over(shard_id(shard), s.number));
    feed = {};
    feed.followed = led;
    if (led) send(shards_[shard], follow_atom::value, caf::actor(this));
  }

  void told(const frame& f) {
    send(caf::actor_cast<caf::actor>(current_sender()), taken_atom::value,
         static_cast<std::uint64_t>(f.bytes.size()));
    auto payload = f.open(frame_kind::feed);
    auto head = payload ? head_of(*payload) : std::nullopt;
    if (!head || head->after.shard.value >= feeds_.size()) return;
    auto& feed = feeds_[head->after.shard.value];
    // Of an earlier term, while the position of this one is under way.
    if (!feed.followed || (!feed.at && head->has_facts)) return;
    feed.at = head->after;
    bool is_large = payload->size() > feed_bytes_max;
    auto bytes = head->has_facts && !is_large ? std::make_shared<const std::string>(*payload) : nullptr;
    for (auto& [node, s] : feed.sessions) {
      keep(s, bytes);
      answer(head->after.shard, s);
    }
  }

  static void keep(session& s, const text& feed) {
    if (s.wants_position) return;
    if (feed && s.bytes + feed->size() <= kept_bytes_max) {
      s.bytes += feed->size();
      s.kept.push_back(feed);
      return;
    }
    s.kept.clear();
    s.bytes = 0;
    s.wants_position = true;
  }

  void answer(shard_id shard, session& s) {
    auto& at = feeds_[shard.value].at;
    if (!s.reply || !at) return;
    std::vector<std::string> feeds;
    if (std::exchange(s.wants_position, false)) feeds.push_back(encode(*at));
    std::size_t bytes = 0;
    while (!s.kept.empty() && (feeds.empty() || bytes + s.kept.front()->size() <= answer_bytes_max)) {
      bytes += s.kept.front()->size();
      s.bytes -= s.kept.front()->size();
      feeds.push_back(*s.kept.front());
      s.kept.pop_front();
    }
    if (feeds.empty()) return;
    std::exchange(s.reply, nullptr)(answer_with(shard, s.number, std::move(feeds)));
  }

  frame answer_with(shard_id shard, std::uint64_t number, std::vector<std::string> feeds) const {
    return encode(feed_answer{shard, number, cluster_.directory->of(shard), true, std::move(feeds)});
  }
  // This node does not lead the shard (any more).
  frame over(shard_id shard, std::uint64_t number) const {
    return encode(feed_answer{shard, number, cluster_.directory->of(shard), false, {}});
  }

  void sweep() {
    auto now = clock::now();
    bool any = false;
    for (std::uint16_t shard = 0; shard < feeds_.size(); ++shard) {
      auto& sessions = feeds_[shard].sessions;
      for (auto it = sessions.begin(); it != sessions.end();) {
        auto& s = it->second;
        if (s.reply && now - s.asked_at >= answer_after)
          std::exchange(s.reply, nullptr)(answer_with(shard_id(shard), s.number, {}));
        it = !s.reply && now - s.asked_at >= forget_after ? sessions.erase(it) : std::next(it);
      }
      any = any || !sessions.empty();
    }
    sweeping_ = any;
    if (any) delayed_send(this, sweep_every, sweep_atom::value);
  }

  std::vector<caf::actor> shards_;
  const gateway_peers cluster_;
  std::vector<shard_feed> feeds_;
  bool sweeping_ = false;
};

}  // namespace

caf::actor spawn_feed_server(caf::actor_system& system, std::vector<caf::actor> shards,
                             gateway_peers cluster) {
  return system.spawn<feed_server_body>(std::move(shards), std::move(cluster));
}

}  // namespace troupe
