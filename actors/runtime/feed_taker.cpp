#include "actors/runtime/feed_taker.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace troupe {

namespace {

using std::chrono::milliseconds;

constexpr auto pause_min = milliseconds(10), pause_max = milliseconds(100);

}  // namespace

feed_taker::feed_taker(feed_taker_host& host, shard_id shard, gateway_peers cluster, std::uint64_t seed,
                       milliseconds question_deadline)
    : host_(host),
      shard_(shard),
      cluster_(std::move(cluster)),
      question_deadline_(question_deadline),
      random_(seed),
      session_(random_()) {}

void feed_taker::place_changed() {
  auto place = cluster_.directory->of(shard_);
  rests_ = place.leader == cluster_.links->self();
  if (rests_) return begin();
  bool is_news = place.leader.value != 0 && (place.leader != asked_ || place.term != asked_term_);
  if (is_asking_ && !is_news) return;
  if (is_news) begin();
  ask();
}

// What is still answered to an earlier session is not listened to.
void feed_taker::begin() {
  session_ = random_();
  is_asking_ = is_leading_ = false;
}

// The leader; while it is not known, whoever may know it.
node_id feed_taker::whom(const shard_place& place) {
  if (cluster_.links->is_connected(place.leader)) return place.leader;
  auto connected = cluster_.links->connected();
  std::vector<node_id> voters;
  for (auto v : place.voters)
    if (std::find(connected.begin(), connected.end(), v) != connected.end()) voters.push_back(v);
  auto& some = voters.empty() ? connected : voters;
  return some.empty() ? node_id() : some[++turns_ % some.size()];
}

void feed_taker::wake() {
  is_waking_ = false;
  ask();
}

void feed_taker::ask() {
  if (rests_ || is_asking_ || is_waking_ || host_.is_crowded()) return;
  auto place = cluster_.directory->of(shard_);
  auto who = whom(place);
  if (who.value == 0) return pause();
  asked_ = who;
  asked_term_ = place.term;
  is_asking_ = true;
  cluster_.peers->ask(who, traffic::command, encode(feed_question{shard_, session_}), question_deadline_,
                      host_.mailbox(session_));
}

void feed_taker::pause() {
  if (std::exchange(is_waking_, true)) return;
  pause_ = std::clamp(pause_ * 2, pause_min, pause_max);
  std::uniform_int_distribution<std::int64_t> jitter(pause_.count() / 2, pause_.count() * 3 / 2);
  host_.wake_after(milliseconds(jitter(random_)));
}

void feed_taker::answered(std::uint64_t session, const result<frame>& got) {
  if (session != session_) return;
  is_asking_ = false;
  auto answer = got ? decode_feed_answer(*got) : result<feed_answer>(got.error());
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
    host_.pass(feed);
  }
  ask();
}

}  // namespace troupe
