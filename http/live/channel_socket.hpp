// One WebSocket that speaks Phoenix Channels: joins, recovery, presence, publishing.
//
// Invariants: touched on its I/O thread only. Frames leave in the order they were queued, one write at a time. The queue
// is bounded: states are dropped and sent afresh once it is empty; a reader of events that is too slow is closed so
// that it resumes from its offset.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/stream.hpp>

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "http/live/channel_message.hpp"
#include "http/live/live_context.hpp"
#include "http/live/reader.hpp"
#include "http/live/socket_layer.hpp"
#include "http/server/connection.hpp"
#include "http/server/takeover.hpp"

namespace troupe::http {

class channel_socket final : public connection,
                             public takeover,
                             private reader_sink,
                             public std::enable_shared_from_this<channel_socket> {
 public:
  // 'who' is whose key came with the upgrade, if one did; 'subprotocol' is what is answered to the client's offer.
  channel_socket(live_context& context, std::optional<principal> who, std::string subprotocol);
  ~channel_socket() override;

  void begin(handover taken) override;
  void tick(std::chrono::steady_clock::time_point now) override;
  void drain() override;
  void abort() override;
  void key_revoked(std::string_view key_id) override;

 private:
  struct channel {
    std::optional<std::string> join_ref;
    principal who;
    std::shared_ptr<topic_reader> reader;
    presence_meta presence;
  };
  using text_ptr = std::shared_ptr<const std::string>;
  using stream = boost::beast::websocket::stream<socket_layer>;

  // reader_sink
  void push(const frame_ptr& f) override;
  void fell_behind() override;
  bool has_room() const override { return output_.size() <= 4; }

  void read();
  void on_read(const boost::system::error_code& error);
  void on_message(channel_message m);
  bool within_rate();
  void join(const channel_message& m);
  result<principal> who_joins(const channel_message& m);
  void answer_join(const channel_message& m, const topic_reader::joined& at, std::string_view snapshot);
  void join_agents(const channel_message& m, const topic_reader::joined& at);
  void leave(const channel_message& m);
  void forget(std::map<std::string, channel>::iterator it);
  void publish(const channel_message& m, const channel& c);
  void reply(const channel_message& to, std::string_view status, std::string_view response);
  void refuse(const channel_message& to, std::string_view reason, std::string_view detail);

  void queue(text_ptr text);
  void write();
  void refresh_states();
  void go_on();
  void linger();
  void close(boost::beast::websocket::close_code code, std::string_view reason);
  void gone();

  live_context& context_;
  const std::optional<principal> who_;
  const std::string subprotocol_;
  std::shared_ptr<io_thread> home_;
  request_ptr head_;
  connection_ticket ticket_;
  std::optional<stream> socket_;
  boost::beast::flat_buffer input_;
  std::map<std::string, channel> channels_;  // by topic
  std::deque<text_ptr> output_;
  std::size_t output_bytes_ = 0;
  std::size_t publishing_ = 0;   // publishes that are not answered yet
  std::set<std::string> stale_;  // topics whose states were dropped
  bool open_ = false, writing_ = false, closing_ = false, registered_ = false, lingering_ = false;
  std::size_t lingered_ = 0;
  std::uint64_t joins_ = 0;
  double allowance_ = 0;  // messages the client may send now
  std::chrono::steady_clock::time_point refilled_{}, read_at_{}, wrote_at_{};
};

}  // namespace troupe::http
