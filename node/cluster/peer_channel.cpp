#include "node/cluster/peer_channel.hpp"

#include <atomic>

#include "protocol/limits.hpp"

namespace troupe::node {
namespace {

failure away() { return {.code = errc::unavailable, .detail = "that node is not connected"}; }
failure crowded() {
  return {.code = errc::unavailable,
          .detail = "that node does not keep up: there is no room for more",
          .retry_after = std::chrono::milliseconds(100)};
}

}  // namespace

// A question of the peer that waits for its answer here.
struct peer_channel::ticket {
  std::weak_ptr<peer_channel> channel;
  std::uint64_t session = 0, number = 0;
  traffic kind = traffic::command;
  std::size_t charge = 0;
  std::atomic<bool> used{false};

  void give(std::optional<frame> with) {
    if (used.exchange(true)) return;
    if (auto c = channel.lock()) c->answer(session, kind, number, charge, std::move(with));
  }
  // Let go without an answer: the peer need not wait for its deadline.
  ~ticket() { give(std::nullopt); }
};

peer_channel::peer_channel(node_id peer, std::shared_ptr<const peer_handlers> handlers,
                           const outbox_limits& limits, std::function<clock::time_point()> now)
    : peer_(peer), handlers_(std::move(handlers)), now_(std::move(now)), out_(limits) {}

void peer_channel::on_work(std::function<void()> wake) { wake_ = std::move(wake); }

bool peer_channel::is_connected() const {
  std::lock_guard lock(mutex_);
  return session_ != 0;
}

peer_counters peer_channel::counters() const {
  std::lock_guard lock(mutex_);
  return counters_;
}

std::size_t peer_channel::waiting_bytes() const {
  std::lock_guard lock(mutex_);
  return out_.waiting_bytes();
}

// Once until the link has looked: what gathers in between goes out together.
void peer_channel::wake() {
  {
    std::lock_guard lock(mutex_);
    if (woken_ || closed_) return;
    woken_ = true;
  }
  wake_();
}

void peer_channel::post(traffic kind, frame message) {
  must(message.bytes.size() <= limits::frame_bytes_max, "a frame fits its bound");
  {
    std::lock_guard lock(mutex_);
    if (session_ == 0) return;
    if (out_.put({frame_role::post, kind, 0, std::move(message.bytes)}) == outbox::outcome::no_room) {
      ++counters_.no_room;
      return;
    }
  }
  wake();
}

bool peer_channel::ask(traffic kind, frame& question, std::chrono::milliseconds deadline,
                       network::answer& done) {
  must(question.bytes.size() <= limits::frame_bytes_max, "a frame fits its bound");
  {
    std::lock_guard lock(mutex_);
    if (closed_) return false;
    auto number = ++last_question_;
    if (session_ == 0) {
      refused_.emplace_back(std::move(done), away());
    } else if (out_.put({frame_role::question, kind, number, std::move(question.bytes)}) ==
               outbox::outcome::no_room) {
      ++counters_.no_room;
      refused_.emplace_back(std::move(done), crowded());
    } else {
      auto at = now_() + deadline;
      questions_.emplace(number, asked{std::move(done), at});
      deadlines_.emplace(at, number);
    }
  }
  wake();
  return true;
}

void peer_channel::begin(std::uint64_t session) {
  {
    std::lock_guard lock(mutex_);
    must(session_ == 0 && session != 0, "a session begins when there is none");
    session_ = session;
    sent_ = received_ = 0;
    out_.reset();
    taken_ = {};
    arrived_ = 0;
  }
  for (auto& tell : handlers_->listeners) tell(peer_, peer_event::connected);
}

void peer_channel::end(const failure& why) {
  std::map<std::uint64_t, asked> open;
  {
    std::lock_guard lock(mutex_);
    if (session_ == 0) return;
    session_ = 0;
    out_.reset();
    deadlines_.clear();
    open.swap(questions_);
  }
  for (auto& tell : handlers_->listeners) tell(peer_, peer_event::disconnected);
  for (auto& [number, q] : open) q.done(why);
}

void peer_channel::close(const failure& why) {
  end(why);
  std::vector<std::pair<network::answer, failure>> left;
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
    left.swap(refused_);
  }
  for (auto& [done, f] : left) done(std::move(f));
}

bool peer_channel::owes_room() const {
  if (arrived_ >= out_.limits().transit_max / 4) return true;
  for (std::size_t w = 0; w < window_count; ++w)
    if (taken_[w] >= out_.limits().window_bytes[w / 2] / 4) return true;
  return false;
}

std::optional<frame> peer_channel::next_packet() {
  peer_packet p;
  {
    std::lock_guard lock(mutex_);
    if (session_ == 0) {
      woken_ = false;
      return std::nullopt;
    }
    p.frames = out_.next_packet();
    if (p.frames.empty() && !owes_room()) {
      woken_ = false;
      return std::nullopt;
    }
    p.session = session_;
    p.number = ++sent_;
    p.taken = std::exchange(taken_, room{});
    p.arrived = std::exchange(arrived_, 0);
    ++counters_.packets_sent;
    counters_.frames_sent += p.frames.size();
  }
  auto f = to_frame(p);
  std::lock_guard lock(mutex_);
  counters_.bytes_sent += f.bytes.size();
  return f;
}

result<bool> peer_channel::take(const frame& packet) {
  auto read = read_packet(packet);
  if (!read) return read.error();
  auto session = read->session;
  {
    std::lock_guard lock(mutex_);
    if (session_ == 0 || session != session_) return true;
    if (read->number != ++received_) return failure{errc::corrupt, "a packet is missing"};
    out_.taken(read->taken);
    out_.arrived(read->arrived);
    ++counters_.packets_received;
    counters_.bytes_received += packet.bytes.size();
    counters_.frames_received += read->frames.size();
    for (auto& f : read->frames)
      if (f.kind != traffic::consensus) arrived_ += charge_of(f.bytes.size());
  }
  for (auto& f : read->frames) take_one(session, std::move(f));
  return true;
}

void peer_channel::take_one(std::uint64_t session, peer_frame f) {
  auto charge = charge_of(f.bytes.size());
  auto window = window_of(f.kind, f.role);
  if (f.role == frame_role::question) {
    auto open = std::make_shared<ticket>();
    open->channel = weak_from_this();
    open->session = session;
    open->number = f.number;
    open->kind = f.kind;
    open->charge = charge;
    auto found = handlers_->asks.find(kind_said(f.bytes));
    if (found == handlers_->asks.end()) return;
    found->second(peer_, frame{std::move(f.bytes)}, [open](frame reply) { open->give(std::move(reply)); });
    return;
  }
  if (f.role == frame_role::answer) {
    take_answer(std::move(f));
  } else if (auto found = handlers_->posts.find(kind_said(f.bytes)); found != handlers_->posts.end()) {
    found->second(peer_, frame{std::move(f.bytes)});
  }
  std::lock_guard lock(mutex_);
  if (session == session_) taken_[window] += charge;
}

void peer_channel::take_answer(peer_frame f) {
  network::answer done;
  {
    std::lock_guard lock(mutex_);
    auto found = questions_.find(f.number);
    if (found == questions_.end()) return;  // too late
    auto [first, last] = deadlines_.equal_range(found->second.deadline);
    for (auto it = first; it != last; ++it)
      if (it->second == f.number) {
        deadlines_.erase(it);
        break;
      }
    done = std::move(found->second.done);
    questions_.erase(found);
  }
  if (f.bytes.empty())
    done(failure{.code = errc::unavailable, .detail = "that node did not answer the question"});
  else
    done(frame{std::move(f.bytes)});
}

void peer_channel::answer(std::uint64_t session, traffic kind, std::uint64_t number, std::size_t charge,
                          std::optional<frame> with) {
  must(!with || with->bytes.size() <= limits::frame_bytes_max, "a frame fits its bound");
  {
    std::lock_guard lock(mutex_);
    if (session != session_) return;
    taken_[window_of(kind, frame_role::question)] += charge;
    peer_frame f{frame_role::answer, kind, number, with ? std::move(with->bytes) : std::string()};
    // The asker's deadline settles what finds no room.
    if (out_.put(std::move(f)) == outbox::outcome::no_room) ++counters_.no_room;
  }
  wake();
}

std::optional<peer_channel::clock::time_point> peer_channel::settle_due() {
  std::vector<std::pair<network::answer, failure>> due;
  std::optional<clock::time_point> next;
  {
    std::lock_guard lock(mutex_);
    due.swap(refused_);
    auto now = now_();
    while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
      auto found = questions_.find(deadlines_.begin()->second);
      deadlines_.erase(deadlines_.begin());
      due.emplace_back(std::move(found->second.done),
                       failure{.code = errc::timed_out, .detail = "that node did not answer in time"});
      questions_.erase(found);
    }
    if (!deadlines_.empty()) next = deadlines_.begin()->first;
  }
  for (auto& [done, f] : due) done(std::move(f));
  return next;
}

}  // namespace troupe::node
