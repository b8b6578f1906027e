#include "http/websocket/websocket.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "http/websocket/utf8.hpp"

namespace troupe::http {

namespace {

using clock = std::chrono::steady_clock;

constexpr std::size_t parts_max = 256;              // of one send
constexpr std::size_t send_bytes_max = 256 * 1024;  // of one send, but for a frame that is larger
constexpr std::size_t flush_bytes = 64 * 1024;      // queued within a round: sent without waiting for its end
constexpr std::size_t reads_max = 4;                // in a row, then others have their turn
constexpr std::size_t dropped_bytes_max = 64 * 1024 * 1024;  // behind a refusal
constexpr std::size_t reason_bytes_max = 120;

}  // namespace

websocket::websocket(const edge_limits& limits, stats_counters& stats, std::string greeting, deflating agreed)
    : limits_(limits), stats_(stats), deflating_(agreed) {
  output_bytes_ = greeting.size();
  output_.emplace_back(wire_frame::raw(std::move(greeting)));
}

websocket::~websocket() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void websocket::begin(handover taken) {
  // Before the handshake is answered a client has nothing to say.
  if (taken.unread.size() != 0) return;
  home_ = std::move(taken.home);
  ticket_ = std::move(taken.ticket);
  boost::system::error_code ec;
  descriptor_ = taken.socket.release(ec);
  if (ec || descriptor_ < 0) return;
  read_at_ = wrote_at_ = refilled_ = clock::now();
  allowance_ = 2.0F * static_cast<float>(limits_.socket_messages_per_second_max);
  state_ = state::open;
  stats_counters::add(stats_.websockets_open);
  home_->add(shared_from_this());
  if (state_ != state::open) return;  // the thread is ending
  if (!home_->watch(descriptor_, *this)) return gone();
  send_some();
}

// --- reading

void websocket::ready(std::uint32_t events) {
  if (state_ == state::gone) return;
  if (events & EPOLLOUT && blocked_) {
    blocked_ = false;
    flush();
  }
  if (events & ~static_cast<std::uint32_t>(EPOLLOUT)) read();
}

void websocket::read() {
  auto buffer = home_->scratch();
  for (std::size_t i = 0; i < reads_max; ++i) {
    if (state_ == state::gone) return;
    auto n = ::recv(descriptor_, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    if (n <= 0) return gone();
    read_at_ = clock::now();
    take(std::string_view(buffer.data(), static_cast<std::size_t>(n)));
  }
  // More may be there, and the descriptor tells only of changes.
  home_->post([weak = weak_from_this()] {
    if (auto self = weak.lock(); self && self->state_ != state::gone) self->read();
  });
}

void websocket::take(std::string_view bytes) {
  if (state_ == state::refusing) {
    dropped_bytes_ += bytes.size();
    if (dropped_bytes_ > dropped_bytes_max) gone();
    return;
  }
  while (state_ == state::open || state_ == state::closing) {
    auto s = decoder_.next(bytes, limits_.socket_message_bytes_max, deflating_);
    if (!s) break;
    take(*s);
  }
  if (state_ == state::open || state_ == state::closing) decoder_.rest();
}

void websocket::take(const said& s) {
  switch (s.what) {
    case said::kind::close:
      // Its code comes back to it (5.5.1), unless ours has gone already.
      return end_with(s.code == close_code::none_given ? close_code::normal : s.code, {}, state::refusing);
    case said::kind::fault: return end_with(s.code, s.payload, state::refusing);
    default: break;
  }
  if (state_ == state::closing) return;  // it cannot know yet
  if (!within_rate()) return close(close_code::policy, "too many messages");
  switch (s.what) {
    case said::kind::ping:
      if (output_bytes_ > limits_.socket_queue_bytes_max)
        return close(close_code::policy, "answers are not read");
      return push(frame_ref(wire_frame::of(opcode::pong, s.payload)));
    case said::kind::text: stats_counters::add(stats_.frames_in); return on_text(s.payload);
    case said::kind::binary: stats_counters::add(stats_.frames_in); return on_binary(s.payload);
    default: return;
  }
}

bool websocket::within_rate() {
  auto rate = static_cast<float>(limits_.socket_messages_per_second_max);
  if (allowance_ < 2) {
    auto now = clock::now();
    allowance_ += rate * std::chrono::duration<float>(now - refilled_).count();
    allowance_ = std::min(2 * rate, allowance_);
    refilled_ = now;
  }
  if (allowance_ < 1) return false;
  allowance_ -= 1;
  return true;
}

// --- writing

void websocket::send(frame_ref f) {
  if (state_ == state::open) push(std::move(f));
}

void websocket::push(frame_ref f) {
  if (output_.empty()) {
    wrote_at_ = home_->now();
    output_.reserve(8);
  }
  output_bytes_ += bytes_of(f).size();
  output_.push_back(std::move(f));
  quiet_ = false;
  if (blocked_) return;
  if (output_bytes_ > flush_bytes) send_some();
  home_->flush_later(*this);
}

std::string_view websocket::bytes_of(const frame_ref& f) const {
  return deflating_ == deflating::yes ? f.deflated() : f.plain();
}

void websocket::flush() {
  if (state_ == state::gone || blocked_ || !send_some()) return;
  if (state_ != state::open) return shut_when_sent();
  if (std::exchange(tell_drained_, false)) on_drained();
}

// True once all is sent.
bool websocket::send_some() {
  while (output_at_ < output_.size()) {
    std::array<iovec, parts_max> parts;
    std::size_t count = 0, bytes = 0;
    for (auto i = static_cast<std::size_t>(output_at_); i < output_.size() && count < parts_max; ++i) {
      auto part = bytes_of(output_[i]);
      if (i == output_at_) part.remove_prefix(first_sent_);
      if (count > 0 && bytes + part.size() > send_bytes_max) break;
      parts[count++] = {const_cast<char*>(part.data()), part.size()};
      bytes += part.size();
    }
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = count;
    auto n = ::sendmsg(descriptor_, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      blocked_ = tell_drained_ = true;
      return false;
    }
    if (n < 0) {  // whoever queued this may be in the midst of its channels: it ends behind them
      blocked_ = true;
      home_->post([weak = weak_from_this()] {
        if (auto self = weak.lock()) self->gone();
      });
      return false;
    }
    sent(static_cast<std::size_t>(n));
  }
  output_.clear();
  output_at_ = first_sent_ = 0;
  output_bytes_ = 0;
  return true;
}

void websocket::sent(std::size_t bytes) {
  wrote_at_ = home_->now();
  stats_counters::add(stats_.bytes_out, bytes);
  auto before = output_at_;
  while (bytes > 0) {
    auto size = bytes_of(output_[output_at_]).size();
    auto left = size - first_sent_;
    if (bytes < left) {
      first_sent_ += static_cast<std::uint32_t>(bytes);
      break;
    }
    bytes -= left;
    output_bytes_ -= size;
    first_sent_ = 0;
    output_[output_at_++] = {};
  }
  stats_counters::add(stats_.frames_out, output_at_ - before);
  // A queue that is never empty must not keep what it has sent.
  if (output_at_ >= 1024 && output_at_ * 2 > output_.size()) {
    output_.erase(output_.begin(), output_.begin() + static_cast<std::ptrdiff_t>(output_at_));
    output_at_ = 0;
  }
}

// --- the end

void websocket::close(close_code code, std::string_view reason) {
  if (state_ == state::open) end_with(code, reason, state::closing);
}

void websocket::end_with(close_code code, std::string_view reason, state next) {
  auto before = std::exchange(state_, next);
  if (before == state::open) {
    // What was said goes first; to a client that does not read, nothing but what is half sent.
    if (blocked_) {
      output_.resize(output_at_ + (first_sent_ > 0 ? 1U : 0U));
      output_bytes_ = first_sent_ > 0 ? bytes_of(output_[output_at_]).size() : 0;
    }
    std::string why{static_cast<char>(static_cast<std::uint16_t>(code) >> 8),
                    static_cast<char>(static_cast<std::uint16_t>(code) & 0xff)};
    reason = reason.substr(0, reason_bytes_max);
    while (!is_whole_utf8(reason)) reason.remove_suffix(1);
    why.append(reason);
    push(frame_ref(wire_frame::of(opcode::close, why)));
    wrote_at_ = clock::now();
    auto keep = shared_from_this();
    on_end();
  } else {
    shut_when_sent();
  }
}

// Once the close frame is out and the client's is in, or will not be read: no more from us, the client may end it.
void websocket::shut_when_sent() {
  if (state_ != state::refusing || shut_ || !output_.empty()) return;
  shut_ = true;
  wrote_at_ = clock::now();
  ::shutdown(descriptor_, SHUT_WR);
}

void websocket::tick(clock::time_point now) {
  if (shut_ && now - wrote_at_ > limits_.linger_deadline) return gone();
  if ((blocked_ || state_ != state::open) && now - wrote_at_ > limits_.write_stall_deadline) return gone();
  if (now - read_at_ > limits_.socket_idle_deadline)
    return state_ == state::open ? close(close_code::policy, "idle") : gone();
  if (auto since = decoder_.unfinished_since(); since && now - *since > limits_.body_deadline)
    return close(close_code::policy, "a message took too long");
  // Memory that a burst needed goes back when the burst is over.
  if (output_.empty() && output_.capacity() > 0 && std::exchange(quiet_, true))
    std::vector<frame_ref>().swap(output_);
}

void websocket::gone() {
  if (state_ == state::gone) return;
  auto keep = shared_from_this();
  auto before = std::exchange(state_, state::gone);
  output_.clear();
  output_at_ = 0;
  ::close(std::exchange(descriptor_, -1));
  ticket_ = {};
  stats_counters::drop(stats_.websockets_open);
  if (before == state::open) on_end();
  home_->remove(*this);
}

}  // namespace troupe::http
