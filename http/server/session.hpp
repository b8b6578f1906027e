// One HTTP/1.1 connection: reads a request, has it answered, writes the answer, and again.
//
// Invariants: touched on its io_thread only. One request at a time; what is pipelined waits in the buffer, so answers
// come in order. Every phase has a deadline. Reads and writes do not block and do not allocate per call: the socket is
// read or written when it is ready. After so many requests or bytes in a row the thread's other connections have their
// turn.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <memory>
#include <optional>
#include <string>

#include "http/server/bounded_body.hpp"
#include "http/server/connection.hpp"
#include "http/server/core.hpp"
#include "http/server/io_thread.hpp"

namespace troupe::http {

class session final : public connection, public std::enable_shared_from_this<session> {
 public:
  session(std::shared_ptr<server_core> core, std::shared_ptr<io_thread> home,
          boost::asio::ip::tcp::socket socket, surface entry, std::string remote, connection_ticket ticket);

  void start();
  // The answer to request number 'request'; late ones are dropped.
  void deliver(std::uint64_t request, response r);

  void tick(std::chrono::steady_clock::time_point now) override;
  void drain() override;
  void abort() override;

 private:
  enum class phase : std::uint8_t { idle, head, body, handling, writing, lingering, closed };
  enum class fill : std::uint8_t { got, wait, gone };
  using parser = boost::beast::http::request_parser<bounded_body>;
  using error = boost::system::error_code;

  void advance();
  bool step();
  void yield();
  bool read_head();
  bool read_body();
  bool write_some();
  bool linger();
  fill read_some(std::size_t bytes_max);
  void wait_readable();
  void wait_writable();

  void head_error(error ec);
  bool skip_empty_lines();
  bool head_done();
  bool framing_is_excessive(std::size_t waiting) const;
  void take_body();
  void body_error(error ec);
  bool send_continue();
  void take_request_head();
  response overloaded() const;
  bool pass_gate();
  void run_handler();
  bool has_large_body() const;
  static void run(const handler& h, const request_ptr& r, const responder& back);

  void respond(response r);
  response bounded(response r);
  void begin_writing();
  void log_answer(std::chrono::nanoseconds took);
  void settle_load(int status);
  void hand_over(const response& r);
  void refuse(response r);
  void next_request();
  void set_deadline(std::chrono::milliseconds after);
  void close();
  const edge_limits& limits() const { return core_->config.limits; }

  const std::shared_ptr<server_core> core_;
  const std::shared_ptr<io_thread> home_;
  boost::asio::ip::tcp::socket socket_;
  const surface entry_;
  const std::string remote_;
  connection_ticket ticket_;

  phase phase_ = phase::idle;
  bool advancing_ = false, yielded_ = false, folded_ = false, in_handler_ = false, waiting_read_ = false,
       waiting_write_ = false, draining_ = false;
  boost::beast::flat_buffer buffer_;
  std::optional<parser> parser_;
  request_ptr request_;
  dispatcher::verdict way_;  // 'way_.refusal' is sent once the small body behind it is read
  std::uint64_t number_ = 0;
  bool close_after_ = false;
  // 'phase_deadline_': however much moves meanwhile; of a body and of an answer.
  std::chrono::steady_clock::time_point deadline_{}, phase_deadline_{};
  std::uint64_t body_wire_bytes_ = 0;
  std::size_t turn_bytes_ = 0, turn_requests_ = 0;

  bool form_chosen_ = false;  // whether the answer is packed
  response answer_;
  reservation answer_held_;
  std::string out_head_;
  std::size_t out_at_ = 0;  // of head and body in a row
  bool out_body_ = true;
  std::size_t lingered_ = 0;
};

}  // namespace troupe::http
