#include "http/live/channel_socket.hpp"

#include <spdlog/spdlog.h>
#include <boost/beast/websocket/rfc6455.hpp>

#include "http/server/request_head.hpp"

namespace troupe::http {

namespace {

namespace websocket = boost::beast::websocket;
using clock = std::chrono::steady_clock;

constexpr std::size_t input_bytes_kept = 16 * 1024;
constexpr std::size_t lingered_bytes_max = 64 * 1024 * 1024;

websocket::permessage_deflate compression() {
  websocket::permessage_deflate d;
  d.server_enable = true;
  d.server_max_window_bits = 11;
  d.client_max_window_bits = 11;
  d.server_no_context_takeover = true;
  d.compLevel = 1;
  d.memLevel = 4;
  d.msg_size_threshold = 1024;
  return d;
}

}  // namespace

channel_socket::channel_socket(live_context& context, std::optional<principal> who, std::string subprotocol)
    : context_(context), who_(std::move(who)), subprotocol_(std::move(subprotocol)) {}

channel_socket::~channel_socket() = default;

void channel_socket::begin(handover taken) {
  // Before the handshake is answered a client has nothing to say.
  if (taken.unread.size() != 0) return;
  home_ = taken.home;
  head_ = taken.head;
  ticket_ = std::move(taken.ticket);
  read_at_ = wrote_at_ = refilled_ = clock::now();
  allowance_ = 2.0 * context_.limits().socket_messages_per_second_max;
  socket_.emplace(socket_layer(std::move(taken.socket)));
  socket_->read_message_max(context_.limits().socket_message_bytes_max);
  if (context_.api.core.config.limits.socket_compression) socket_->set_option(compression());
  socket_->auto_fragment(false);  // a message is one frame and one send
  socket_->control_callback(
      [this](websocket::frame_type, boost::beast::string_view) { read_at_ = clock::now(); });
  socket_->set_option(websocket::stream_base::decorator([this](websocket::response_type& r) {
    r.set("X-Request-Id", head_->request_id);
    if (!subprotocol_.empty()) r.set("Sec-WebSocket-Protocol", subprotocol_);
  }));
  home_->add(shared_from_this());
  registered_ = true;
  stats_counters::add(context_.stats().websockets_open);
  socket_->async_accept(head_->head->message,
                        [self = shared_from_this()](const boost::system::error_code& error) {
                          if (error) return self->gone();
                          self->open_ = true;
                          self->read();
                        });
}

// --- reading

void channel_socket::read() {
  socket_->async_read(input_, [self = shared_from_this()](const boost::system::error_code& error,
                                                          std::size_t) { self->on_read(error); });
}

void channel_socket::on_read(const boost::system::error_code& error) {
  bool refused = error == websocket::condition::protocol_violation ||
                 error == websocket::error::message_too_big || error == websocket::error::buffer_overflow;
  if (refused && !closing_) return linger();
  if (error) return gone();
  read_at_ = clock::now();
  stats_counters::add(context_.stats().frames_in);
  std::string_view bytes(static_cast<const char*>(input_.data().data()), input_.data().size());
  if (!within_rate()) {
    close(websocket::close_code::policy_error, "too many messages");
  } else {
    auto message = socket_->got_text() ? parse_channel_text(bytes) : parse_channel_binary(bytes);
    if (message)
      on_message(std::move(*message));
    else
      close(websocket::close_code::policy_error, message.error().detail);
  }
  input_.consume(input_.size());
  if (input_.capacity() > input_bytes_kept) input_.shrink_to_fit();
  if (open_ && !closing_) read();
}

bool channel_socket::within_rate() {
  double rate = context_.limits().socket_messages_per_second_max;
  auto now = clock::now();
  allowance_ = std::min(2 * rate, allowance_ + rate * std::chrono::duration<double>(now - refilled_).count());
  refilled_ = now;
  if (allowance_ < 1) return false;
  allowance_ -= 1;
  return true;
}

void channel_socket::on_message(channel_message m) {
  if (m.topic == "phoenix") {
    if (m.event == "heartbeat") reply(m, "ok", "{}");
    return;
  }
  if (m.event == "phx_join") return join(m);
  auto it = channels_.find(m.topic);
  if (it == channels_.end()) return refuse(m, "unmatched topic", "join the topic first");
  if (m.join_ref && it->second.join_ref != m.join_ref) return;  // of an earlier join
  if (m.event == "phx_leave") return leave(m);
  if (m.event == "publish") return publish(m, it->second);
  refuse(m, "unknown event", "this topic takes phx_leave and, on \"events\", publish");
}

void channel_socket::reply(const channel_message& to, std::string_view status, std::string_view response) {
  queue(std::make_shared<const std::string>(channel_reply(to, status, response)));
}

void channel_socket::refuse(const channel_message& to, std::string_view reason, std::string_view detail) {
  reply(to, "error", "{\"reason\":" + json_string(reason) + ",\"detail\":" + json_string(detail) + "}");
}

// --- writing

void channel_socket::push(const frame_ptr& f) {
  if (!f->channel || closing_) return;
  auto& l = context_.limits();
  bool full = output_.size() >= l.socket_queue_frames_max ||
              (output_bytes_ > 0 && output_bytes_ + f->channel->size() > l.socket_queue_bytes_max);
  if (f->last_seq == 0) {  // a state: the latest will do
    bool crowded =
        output_.size() >= l.socket_queue_frames_max / 2 || output_bytes_ > l.socket_queue_bytes_max / 2;
    if (full || crowded) {
      stale_.insert(f->topic_key);
      return;
    }
  } else if (full) {
    return fell_behind();
  }
  queue(f->channel);
}

void channel_socket::fell_behind() {
  stats_counters::add(context_.stats().slow_readers_closed);
  close(websocket::close_code::try_again_later, "too slow: resume from your offset");
}

void channel_socket::queue(text_ptr text) {
  if (!open_ || closing_) return;
  output_bytes_ += text->size();
  output_.push_back(std::move(text));
  if (!writing_) write();
}

void channel_socket::write() {
  writing_ = true;
  wrote_at_ = clock::now();
  socket_->text(true);
  auto text = output_.front();
  socket_->async_write(boost::asio::buffer(*text), [self = shared_from_this(), text](
                                                       const boost::system::error_code& error, std::size_t) {
    if (error) return self->gone();
    stats_counters::add(self->context_.stats().frames_out);
    stats_counters::add(self->context_.stats().bytes_out, text->size());
    self->writing_ = false;
    if (self->output_.empty()) return;  // closed meanwhile
    self->output_bytes_ -= self->output_.front()->size();
    self->output_.pop_front();
    if (!self->output_.empty()) return self->write();
    self->refresh_states();
    self->go_on();
  });
}

// The refusal is sent; to close with bytes unread would take it from the client again.
void channel_socket::linger() {
  if (!lingering_) {
    lingering_ = closing_ = true;
    wrote_at_ = clock::now();
    while (!channels_.empty()) forget(channels_.begin());
    boost::system::error_code ignored;
    socket_->next_layer().shutdown(boost::asio::ip::tcp::socket::shutdown_send, ignored);
  }
  input_.clear();
  socket_->next_layer().async_read_some(
      input_.prepare(input_bytes_kept),
      [self = shared_from_this()](const boost::system::error_code& error, std::size_t bytes) {
        self->lingered_ += bytes;
        if (error || self->lingered_ > lingered_bytes_max) return self->gone();
        self->linger();
      });
}

// The queue is empty: readers that recover go on.
void channel_socket::go_on() {
  std::vector<std::shared_ptr<topic_reader>> readers;
  for (auto& [topic, c] : channels_)
    if (c.reader) readers.push_back(c.reader);
  for (auto& r : readers) r->go_on();
}

// --- the end

void channel_socket::tick(clock::time_point now) {
  if (lingering_ && now - wrote_at_ > context_.limits().linger_deadline) return abort();
  if (now - read_at_ > context_.limits().socket_idle_deadline)
    return closing_ ? abort() : close(websocket::close_code::policy_error, "idle");
  if ((writing_ || closing_) && now - wrote_at_ > context_.limits().write_stall_deadline) abort();
}

void channel_socket::drain() {
  close(websocket::close_code::service_restart, "the node restarts: come back");
}

void channel_socket::abort() {
  if (!socket_) return;
  boost::system::error_code ignored;
  socket_->next_layer().close(ignored);
  gone();
}

void channel_socket::key_revoked(std::string_view key_id) {
  bool uses = who_ && who_->key_id == key_id;
  for (auto& [topic, c] : channels_) uses = uses || c.who.key_id == key_id;
  if (uses) close(websocket::close_code::policy_error, "the key was revoked");
}

void channel_socket::close(websocket::close_code code, std::string_view reason) {
  if (closing_ || !open_) return;
  closing_ = true;
  while (!channels_.empty()) forget(channels_.begin());
  if (!output_.empty()) {  // nothing but what is being written
    output_.resize(writing_ ? 1 : 0);
    output_bytes_ = writing_ ? output_.front()->size() : 0;
  }
  wrote_at_ = clock::now();
  websocket::close_reason why(code);
  reason = reason.substr(0, 120);
  why.reason.assign(reason.data(), reason.size());
  // Waits for the write under way; the answer to it, or the deadline, ends the connection.
  socket_->async_close(why, [self = shared_from_this()](const boost::system::error_code&) { self->gone(); });
}

void channel_socket::gone() {
  open_ = false;
  closing_ = true;
  while (!channels_.empty()) forget(channels_.begin());
  if (!std::exchange(registered_, false)) return;
  boost::system::error_code ignored;
  socket_->next_layer().close(ignored);
  stats_counters::drop(context_.stats().websockets_open);
  auto keep = shared_from_this();
  home_->remove(*this);
}

}  // namespace troupe::http
