// See feeds.hpp.
#include "tests/sim/feeds.hpp"

#include "tests/sim/node.hpp"

namespace troupe::sim {

namespace {

using std::chrono::milliseconds;

// Long enough to be seldom the way that a lost question is noticed, short enough to be it in a run.
constexpr auto question_deadline = milliseconds(3'000);

feed_giver_bounds draw_bounds(dice& d) {
  feed_giver_bounds b;
  b.answer_after = milliseconds(1'000);
  b.forget_after = milliseconds(d.between(1'500, 10'000));
  b.answer_bytes_max = d.between(100, 3'000);
  b.feed_bytes_max = d.between(500, 5'000);
  b.kept_bytes_max = d.between(500, 10'000);
  return b;
}

}  // namespace

feeds::feeds(world& w, node& home, gateway_peers cluster, follower::asker read)
    : world_(w),
      home_(home),
      cluster_(std::move(cluster)),
      giver_(*this, cluster_.directory->shard_count(), cluster_, draw_bounds(w.chance())),
      taker_(*this, the_shard, cluster_, w.chance().next(), question_deadline),
      follower_(w, std::move(read),
                [this](std::uint64_t ms, std::function<void()> action) { soon(ms, std::move(action)); }),
      to_giver_{[this](const std::string& feed) { giver_.told(feed); }},
      to_follower_{[this](const std::string& feed) { hear(source::here, feed); }} {
  entrance_.turn_to(the_shard, source::elsewhere);
  soon(0, [this] { taker_.go_on(); });
}

void feeds::soon(std::uint64_t ms, std::function<void()> action) {
  home_.while_running(ms, std::move(action));
}

// --- the shard here

void feeds::published(std::string feed) {
  auto head = head_of(feed);
  if (!head) throw violation("a shard publishes what cannot be read");
  if (!head->has_facts) return;
  if (world_.options().plant == plant::lose_feed && world_.chance().chance(0.05)) return;
  hand(to_giver_, feed);
  hand(to_follower_, std::move(feed));
}

void feeds::hand(listener& who, std::string feed) {
  auto& dice = world_.chance();
  if (!who.follows) return;
  if (!who.skips && world_.chaos() && dice.chance(0.01)) {  // it is too far behind
    who.skips = true;
    soon(dice.between(10, 500), [this, &who] {
      if (!std::exchange(who.skips, false)) return;
      tell_position(who);
    });
  }
  if (!who.skips) soon(0, [&who, feed = std::move(feed)] { who.take(feed); });
}

void feeds::begin_following(listener& who) {
  soon(0, [this, &who] {
    who.follows = true;
    who.skips = false;
    tell_position(who);
  });
}

void feeds::tell_position(listener& who) {
  soon(0, [&who, feed = encode(home_.where())] { who.take(feed); });
}

void feeds::hold() {
  for (auto* who : {&to_giver_, &to_follower_}) who->skips = true;
}

void feeds::opened_again() {
  for (auto* who : {&to_giver_, &to_follower_}) {
    who->skips = false;
    if (who->follows) tell_position(*who);
  }
}

// --- where the follower hears it from

void feeds::place_changed() {
  giver_.place_changed(the_shard);
  auto led = led_by(cluster_.directory->of(the_shard), home_.id());
  bool is_same = led == led_;
  led_ = led;
  taker_.place_changed();
  if (!is_same) turn();
}

void feeds::turn() {
  entrance_.turn_to(the_shard, led_ ? source::here : source::elsewhere);
  if (led_) return begin_following(to_follower_);
  if (auto at = taker_.position()) pass(encode(*at));
  taker_.go_on();
}

void feeds::hear(source from, std::string_view feed) {
  auto head = head_of(feed);
  if (head && entrance_.admits(*head, from)) follower_.take(feed);
}

// --- what giver and taker want

std::chrono::steady_clock::time_point feeds::now() const {
  return std::chrono::steady_clock::time_point(milliseconds(world_.now()));
}
void feeds::follow(shard_id) { begin_following(to_giver_); }
void feeds::sweep_after(milliseconds wait) {
  soon(static_cast<std::uint64_t>(wait.count()), [this] { giver_.sweep(); });
}
void feeds::wake_after(milliseconds wait) {
  soon(static_cast<std::uint64_t>(wait.count()), [this] { taker_.wake(); });
}

void feeds::pass(std::string_view feed) {
  auto& dice = world_.chance();
  soon(0, [this, feed = std::string(feed)] { hear(source::elsewhere, feed); });
  if (is_crowded_ || !world_.chaos() || !dice.chance(0.02)) return;
  is_crowded_ = true;
  soon(dice.between(50, 2'000), [this] {
    is_crowded_ = false;
    taker_.go_on();
  });
}

std::function<void(result<frame>)> feeds::mailbox(std::uint64_t session) {
  return [this, session](result<frame> got) {
    soon(0, [this, session, got = std::move(got)] { taker_.answered(session, got); });
  };
}

}  // namespace troupe::sim
