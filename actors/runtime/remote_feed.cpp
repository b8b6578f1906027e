#include "actors/runtime/remote_feed.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <map>
#include <random>

#include "actors/runtime/feed_position.hpp"
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

using namespace std::chrono;
using storage::follow_atom;
using storage::taken_atom;
using wake_atom = caf::atom_constant<caf::atom("wake")>;

// Longer than a leader holds a question that it has nothing to answer with.
constexpr auto question_deadline = seconds(10);
constexpr auto pause_min = milliseconds(10), pause_max = milliseconds(100);
constexpr std::size_t ahead_bytes_max = limits::feed_bytes_ahead_max / 4;

class remote_feed_body final : public caf::event_based_actor {
 public:
  remote_feed_body(caf::actor_config& cfg, shard_id shard, gateway_peers cluster)
      : caf::event_based_actor(cfg),
        shard_(shard),
        cluster_(std::move(cluster)),
        random_(std::random_device{}()) {
    set_down_handler([this](const caf::down_msg& down) {
      followers_.erase(down.source);
      ask();
    });
  }
  const char* name() const override { return "remote_feed"; }
  void on_exit() override { followers_.clear(); }

 protected:
  caf::behavior make_behavior() override {
    return {
        [this](follow_atom, const caf::actor& who) { follow(who); },
        [this](taken_atom, std::uint64_t bytes) { taken(bytes); },
        [this](place_atom) { look(); },
        [this](wake_atom) {
          is_waking_ = false;
          ask();
        },
        [this](const feed_reply_ptr& r) { answered(*r); },
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
    if (is_leading_) pass(f, encode(at_));
    ask();
  }

  void taken(std::uint64_t bytes) {
    auto who = caf::actor_cast<caf::actor_addr>(current_sender());
    auto it = followers_.find(who);
    if (it == followers_.end()) return;
    it->second.ahead_bytes -= std::min(bytes, it->second.ahead_bytes);
    ask();
  }

  void look() {
    auto place = cluster_.directory->of(shard_);
    rests_ = place.leader == cluster_.links->self();
    if (rests_) return begin();
    bool is_news = place.leader.value != 0 && (place.leader != asked_ || place.term != asked_term_);
    if (!is_asking_ || is_news) {
      if (is_news) begin();
      ask();
    }
  }

  // What is still answered to an earlier session is not listened to.
  void begin() {
    session_ = random_();
    is_asking_ = is_leading_ = false;
  }

  // The leader; while it is not known, whoever may know it.
  node_id whom(const shard_place& place) {
    if (cluster_.links->is_connected(place.leader)) return place.leader;
    auto connected = cluster_.links->connected();
    std::vector<node_id> voters;
    for (auto v : place.voters)
      if (std::find(connected.begin(), connected.end(), v) != connected.end()) voters.push_back(v);
    auto& some = voters.empty() ? connected : voters;
    return some.empty() ? node_id() : some[++turns_ % some.size()];
  }

  void ask() {
    if (rests_ || is_asking_ || is_waking_) return;
    for (auto& [address, f] : followers_)
      if (f.ahead_bytes > ahead_bytes_max) return;
    auto place = cluster_.directory->of(shard_);
    auto who = whom(place);
    if (who.value == 0) return pause();
    asked_ = who;
    asked_term_ = place.term;
    is_asking_ = true;
    cluster_.peers->ask(
        who, traffic::command, encode(feed_question{shard_, session_}), question_deadline,
        [to = address(), session = session_](result<frame> got) {
          if (auto self = caf::actor_cast<caf::actor>(to))
            caf::anon_send(self, std::make_shared<feed_reply>(feed_reply{session, std::move(got)}));
        });
  }

  void pause() {
    if (std::exchange(is_waking_, true)) return;
    pause_ = std::clamp(pause_ * 2, pause_min, pause_max);
    std::uniform_int_distribution<std::int64_t> jitter(pause_.count() / 2, pause_.count() * 3 / 2);
    delayed_send(this, milliseconds(jitter(random_)), wake_atom::value);
  }

  void answered(const feed_reply& r) {
    if (r.session != session_) return;
    is_asking_ = false;
    auto answer = r.got ? decode_feed_answer(*r.got) : result<feed_answer>(r.got.error());
    if (answer) cluster_.directory->hear(shard_, answer->place);
    if (!answer || !answer->is_leading || answer->session != session_ || answer->shard != shard_) {
      begin();
      return pause();
    }
    pause_ = milliseconds(0);
    for (auto& feed : answer->feeds) {
      auto head = head_of(feed);
      if (!head || (!is_leading_ && head->has_facts)) {  // it must begin with the position
        begin();
        return pause();
      }
      is_leading_ = true;
      at_ = head->after;
      for (auto& [address, f] : followers_) pass(f, feed);
    }
    ask();
  }

  void pass(follower& f, std::string_view feed) {
    auto message = frame::of(frame_kind::feed, feed);
    f.ahead_bytes += message.bytes.size();
    send(f.who, std::move(message));
  }

  const shard_id shard_;
  const gateway_peers cluster_;
  std::mt19937_64 random_;
  std::map<caf::actor_addr, follower> followers_;
  std::uint64_t session_ = random_();
  bool rests_ = false, is_asking_ = false, is_waking_ = false;
  bool is_leading_ = false;  // whoever is asked leads, and its position is known
  feed_position at_;
  node_id asked_;
  term asked_term_;
  std::size_t turns_ = 0;
  milliseconds pause_{0};
};

}  // namespace

caf::actor spawn_remote_feed(caf::actor_system& system, shard_id shard, gateway_peers cluster) {
  return system.spawn<remote_feed_body>(shard, std::move(cluster));
}

}  // namespace troupe
