// One server-sent event stream of an organisation's events. Resumes from Last-Event-ID.
//
// Invariants: touched on its I/O thread only; the queue is bounded, a reader that is too slow is closed and resumes.
#pragma once

#include <boost/asio/ip/tcp.hpp>

#include <array>
#include <deque>
#include <memory>
#include <string>

#include "http/live/live_context.hpp"
#include "http/live/reader.hpp"
#include "http/server/connection.hpp"
#include "http/server/takeover.hpp"

namespace troupe::http {

class event_stream final : public connection,
                           public takeover,
                           private reader_sink,
                           public std::enable_shared_from_this<event_stream> {
 public:
  // 'since_us': also what happened from then to now, the newest page of it; 0: only what follows.
  event_stream(live_context& context, principal who, seat its, std::string last_event_id,
               std::int64_t since_us);

  void begin(handover taken) override;
  void tick(std::chrono::steady_clock::time_point now) override;
  void drain() override;
  void abort() override { gone(); }
  void key_revoked(std::string_view key_id) override;
  void seat_lost(std::uint64_t number) override;

 private:
  using text_ptr = std::shared_ptr<const std::string>;

  void enter(const std::optional<topic_reader::seen>& resume);
  void push(topic_reader& from, const delivery& d) override;
  void missed_state(topic_reader&) override {}  // a stream has none
  void fell_behind() override;
  bool has_room() override { return output_.empty(); }
  void queue(text_ptr text);
  void write();
  void watch();
  void send_backlog(const position& upto);
  void gone();

  live_context& context_;
  const principal who_;
  seat seat_;
  const std::string last_event_id_;
  const std::int64_t since_us_;
  std::shared_ptr<io_thread> home_;
  connection_ticket ticket_;
  std::optional<boost::asio::ip::tcp::socket> socket_;
  std::array<char, 512> ignored_{};  // a client has nothing to say any more
  std::shared_ptr<topic_reader> reader_;
  std::deque<text_ptr> output_;
  std::size_t output_bytes_ = 0;
  bool writing_ = false, registered_ = false, ending_ = false;
  std::chrono::steady_clock::time_point wrote_at_{};
};

}  // namespace troupe::http
