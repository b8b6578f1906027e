#include "actors/runtime/feed_giver.hpp"

#include <utility>

namespace troupe {

namespace {
constexpr auto sweep_every = std::chrono::milliseconds(1000);
}

feed_giver::feed_giver(feed_giver_host& host, std::uint16_t shards, gateway_peers cluster,
                       feed_giver_bounds bounds)
    : host_(host), cluster_(std::move(cluster)), bounds_(bounds), feeds_(shards) {}

void feed_giver::asked(node_id from, const feed_question& question, network::reply_to reply) {
  auto shard = question.shard;
  if (shard.value >= feeds_.size()) return reply(over(shard, question.session));
  place_changed(shard);
  auto& feed = feeds_[shard.value];
  if (!feed.followed) return reply(over(shard, question.session));
  auto& s = feed.sessions[from];
  if (s.number != question.session) s = {question.session, {}, {}, {}, 0, true};
  s.reply = std::move(reply);
  s.asked_at = host_.now();
  if (!std::exchange(sweeping_, true)) host_.sweep_after(sweep_every);
  answer(shard, s);
}

void feed_giver::place_changed(shard_id shard) {
  if (shard.value >= feeds_.size()) return;
  auto& feed = feeds_[shard.value];
  auto led = led_by(cluster_.directory->of(shard), cluster_.links->self());
  if (feed.followed == led) return;
  for (auto& [node, s] : feed.sessions)
    if (s.reply) s.reply(over(shard, s.number));
  feed = {};
  feed.followed = led;
  if (led) host_.follow(shard);
}

void feed_giver::gone(node_id node) {
  for (auto& feed : feeds_) feed.sessions.erase(node);
}

void feed_giver::told(std::string_view bytes) {
  auto head = head_of(bytes);
  if (!head || head->after.shard.value >= feeds_.size()) return;
  auto& feed = feeds_[head->after.shard.value];
  // Of an earlier term, while the position of this one is under way.
  if (!feed.followed || (!feed.at && head->has_facts)) return;
  feed.at = head->after;
  bool is_large = bytes.size() > bounds_.feed_bytes_max;
  auto kept = head->has_facts && !is_large ? std::make_shared<const std::string>(bytes) : nullptr;
  for (auto& [node, s] : feed.sessions) {
    keep(s, kept);
    answer(head->after.shard, s);
  }
}

void feed_giver::keep(session& s, const text& feed) const {
  if (s.wants_position) return;
  if (feed && s.bytes + feed->size() <= bounds_.kept_bytes_max) {
    s.bytes += feed->size();
    s.kept.push_back(feed);
    return;
  }
  s.kept.clear();
  s.bytes = 0;
  s.wants_position = true;
}

void feed_giver::answer(shard_id shard, session& s) {
  auto& at = feeds_[shard.value].at;
  if (!s.reply || !at) return;
  std::vector<std::string> feeds;
  if (std::exchange(s.wants_position, false)) feeds.push_back(encode(*at));
  std::size_t bytes = 0;
  while (!s.kept.empty() && (feeds.empty() || bytes + s.kept.front()->size() <= bounds_.answer_bytes_max)) {
    bytes += s.kept.front()->size();
    s.bytes -= s.kept.front()->size();
    feeds.push_back(*s.kept.front());
    s.kept.pop_front();
  }
  if (feeds.empty()) return;
  std::exchange(s.reply, nullptr)(answer_with(shard, s.number, std::move(feeds)));
}

frame feed_giver::answer_with(shard_id shard, std::uint64_t number, std::vector<std::string> feeds) const {
  return encode(feed_answer{shard, number, cluster_.directory->of(shard), true, std::move(feeds)});
}

// This node does not lead the shard (any more).
frame feed_giver::over(shard_id shard, std::uint64_t number) const {
  return encode(feed_answer{shard, number, cluster_.directory->of(shard), false, {}});
}

void feed_giver::sweep() {
  auto now = host_.now();
  bool any = false;
  for (std::uint16_t shard = 0; shard < feeds_.size(); ++shard) {
    auto& sessions = feeds_[shard].sessions;
    for (auto it = sessions.begin(); it != sessions.end();) {
      auto& s = it->second;
      if (s.reply && now - s.asked_at >= bounds_.answer_after)
        std::exchange(s.reply, nullptr)(answer_with(shard_id(shard), s.number, {}));
      it = !s.reply && now - s.asked_at >= bounds_.forget_after ? sessions.erase(it) : std::next(it);
    }
    any = any || !sessions.empty();
  }
  sweeping_ = any;
  if (any) host_.sweep_after(sweep_every);
}

}  // namespace troupe
