#include "tests/support/memory_network.hpp"

#include <future>

namespace troupe::test {

namespace {
using clock = std::chrono::steady_clock;
}  // namespace

class memory_network::end final : public network {
 public:
  end(memory_network& hub, node_id self) : hub_(hub), self_(self) {}

  node_id self() const override { return self_; }
  bool is_connected(node_id peer) const override {
    std::lock_guard lock(hub_.mutex_);
    return hub_.linked(self_, peer);
  }

  void post(node_id to, traffic, frame message) override {
    hub_.enqueue([hub = &hub_, from = self_, to, m = std::move(message)]() mutable {
      if (auto* there = hub->reachable(from, to)) there->take(from, std::move(m));
    });
  }

  void ask(node_id to, traffic, frame question, std::chrono::milliseconds within, answer done) override {
    std::uint64_t number = 0;
    {
      std::lock_guard lock(hub_.mutex_);
      number = ++hub_.questions_;
      hub_.waiting_.emplace(number, pending_answer{std::move(done), self_, to, clock::now() + within});
    }
    hub_.enqueue([hub = &hub_, from = self_, to, number, q = std::move(question)]() mutable {
      auto* there = hub->reachable(from, to);
      if (!there) return hub->settle(number, failure{errc::unavailable, "that node cannot be reached"});
      there->take_question(from, std::move(q), [hub, from, to, number](frame reply) {
        hub->enqueue([hub, from, to, number, r = std::move(reply)]() mutable {
          if (hub->reachable(to, from)) hub->settle(number, std::move(r));
        });
      });
    });
  }

  void on_post(frame_kind kind, std::function<void(node_id, frame)> take) override {
    posts_[kind] = std::move(take);
  }
  void on_ask(frame_kind kind, std::function<void(node_id, frame, reply_to)> take) override {
    asks_[kind] = std::move(take);
  }
  void on_peer(std::function<void(node_id, peer_event)> tell) override { peers_.push_back(std::move(tell)); }

  void tell(node_id peer, peer_event what) {
    for (auto& one : peers_) one(peer, what);
  }

  bool up = false;

 private:
  static frame_kind kind_of(const frame& f) {
    auto opened = open_envelope(f.bytes);
    return opened ? static_cast<frame_kind>(opened->kind) : frame_kind{};
  }
  void take(node_id from, frame message) {
    auto it = posts_.find(kind_of(message));
    if (it != posts_.end()) it->second(from, std::move(message));
  }
  void take_question(node_id from, frame question, reply_to reply) {
    auto it = asks_.find(kind_of(question));
    if (it != asks_.end()) it->second(from, std::move(question), std::move(reply));
  }

  memory_network& hub_;
  const node_id self_;
  std::map<frame_kind, std::function<void(node_id, frame)>> posts_;
  std::map<frame_kind, std::function<void(node_id, frame, reply_to)>> asks_;
  std::vector<std::function<void(node_id, peer_event)>> peers_;
};

memory_network::memory_network() : thread_([this] { run(); }) {}

memory_network::~memory_network() {
  {
    std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

network& memory_network::join(node_id self) {
  std::lock_guard lock(mutex_);
  auto& mine = ends_[self];
  mine = std::make_unique<end>(*this, self);
  return *mine;
}

void memory_network::start(node_id self) {
  std::promise<void> told;
  enqueue([&] {
    auto before = links();
    {
      std::lock_guard lock(mutex_);
      ends_.at(self)->up = true;
    }
    tell_changes(before);
    told.set_value();
  });
  told.get_future().wait();
}

void memory_network::leave(node_id self) {
  std::promise<void> told;
  enqueue([&] {
    auto before = links();
    {
      std::lock_guard lock(mutex_);
      ends_.at(self)->up = false;
    }
    tell_changes(before);
    fail_broken();
    told.set_value();
  });
  told.get_future().wait();
}

void memory_network::cut(node_id a, node_id b) {
  cut_one_way(a, b);
  cut_one_way(b, a);
}

void memory_network::cut_one_way(node_id from, node_id to) {
  std::promise<void> told;
  enqueue([&] {
    auto before = links();
    {
      std::lock_guard lock(mutex_);
      cuts_.emplace(from, to);
    }
    tell_changes(before);
    fail_broken();
    told.set_value();
  });
  told.get_future().wait();
}

void memory_network::isolate(node_id node) {
  std::vector<node_id> others;
  {
    std::lock_guard lock(mutex_);
    for (auto& [id, one] : ends_)
      if (id != node) others.push_back(id);
  }
  for (auto other : others) cut(node, other);
}

void memory_network::heal() {
  std::promise<void> told;
  enqueue([&] {
    auto before = links();
    {
      std::lock_guard lock(mutex_);
      cuts_.clear();
    }
    tell_changes(before);
    told.set_value();
  });
  told.get_future().wait();
}

void memory_network::enqueue(std::function<void()> job) {
  {
    std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
  }
  wake_.notify_one();
}

void memory_network::run() {
  std::unique_lock lock(mutex_);
  while (!ending_) {
    auto next = clock::time_point::max();
    for (auto& [number, one] : waiting_) next = std::min(next, one.deadline);
    if (jobs_.empty()) {
      if (next == clock::time_point::max())
        wake_.wait(lock);
      else
        wake_.wait_until(lock, next);
    }
    if (!jobs_.empty()) {
      auto job = std::move(jobs_.front());
      jobs_.pop_front();
      lock.unlock();
      job();
      lock.lock();
    }
    std::vector<std::uint64_t> late;
    for (auto& [number, one] : waiting_)
      if (one.deadline <= clock::now()) late.push_back(number);
    lock.unlock();
    for (auto number : late) settle(number, failure{errc::timed_out, "no answer in time"});
    lock.lock();
  }
}

bool memory_network::linked(node_id a, node_id b) const {
  auto one = ends_.find(a), other = ends_.find(b);
  return a != b && one != ends_.end() && other != ends_.end() && one->second->up && other->second->up &&
         !cuts_.contains({a, b}) && !cuts_.contains({b, a});
}

// What one sends arrives unless its own direction is cut: a peer that cannot be heard is not connected.
memory_network::end* memory_network::reachable(node_id from, node_id to) {
  std::lock_guard lock(mutex_);
  auto sender = ends_.find(from), there = ends_.find(to);
  if (sender == ends_.end() || there == ends_.end() || !sender->second->up || !there->second->up)
    return nullptr;
  return cuts_.contains({from, to}) ? nullptr : there->second.get();
}

std::set<std::pair<node_id, node_id>> memory_network::links() const {
  std::lock_guard lock(mutex_);
  std::set<std::pair<node_id, node_id>> all;
  for (auto& [a, x] : ends_)
    for (auto& [b, y] : ends_)
      if (linked(a, b)) all.emplace(a, b);
  return all;
}

void memory_network::tell_changes(const std::set<std::pair<node_id, node_id>>& before) {
  auto now = links();
  for (auto& [a, b] : before)
    if (!now.contains({a, b})) ends_.at(a)->tell(b, peer_event::disconnected);
  for (auto& [a, b] : now)
    if (!before.contains({a, b})) ends_.at(a)->tell(b, peer_event::connected);
}

void memory_network::fail_broken() {
  std::vector<std::uint64_t> broken;
  {
    std::lock_guard lock(mutex_);
    for (auto& [number, one] : waiting_)
      if (!linked(one.asker, one.asked)) broken.push_back(number);
  }
  for (auto number : broken) settle(number, failure{errc::unavailable, "the connection is gone"});
}

void memory_network::settle(std::uint64_t number, result<frame> outcome) {
  network::answer done;
  {
    std::lock_guard lock(mutex_);
    auto it = waiting_.find(number);
    if (it == waiting_.end()) return;
    done = std::move(it->second.done);
    waiting_.erase(it);
  }
  done(std::move(outcome));
}

}  // namespace troupe::test
