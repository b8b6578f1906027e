// One WebSocket: frames in, shared frames out, the ways to end. What is said on it is its heir's business.
//
// Invariants: touched on its I/O thread only. It reads into the thread's buffer and holds no memory for bytes while it
// is idle. What is queued between two rounds of the thread leaves in one send, in order. The close code is the last
// frame; then it reads on for a bounded while, because to close with bytes unread resets the connection and takes the
// code from the client. The queue's bounds are its heir's: it knows what may be dropped.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/server/config.hpp"
#include "http/server/connection.hpp"
#include "http/server/io_thread.hpp"
#include "http/server/stats.hpp"
#include "http/server/takeover.hpp"
#include "http/websocket/decoder.hpp"
#include "http/websocket/frame.hpp"

namespace troupe::http {

class websocket : public connection, public takeover, public std::enable_shared_from_this<websocket> {
 public:
  // 'greeting' is the answer to the handshake. Limits and stats outlive it.
  websocket(const edge_limits& limits, stats_counters& stats, std::string greeting, deflating agreed);
  ~websocket() override;

  void begin(handover taken) final;
  void tick(std::chrono::steady_clock::time_point now) override;
  void drain() override { close(close_code::service_restart, "the node restarts: come back"); }
  void abort() override { gone(); }
  void ready(std::uint32_t events) override;
  void flush() override;

 protected:
  virtual void on_text(std::string_view message) = 0;
  virtual void on_binary(std::string_view message) = 0;
  // All that was queued has been sent; only after it had to wait or tell_drained() asked.
  virtual void on_drained() {}
  // It closes or is gone: nothing can be sent any more. Once.
  virtual void on_end() = 0;

  void send(frame_ref f);
  void send_text(std::string_view message) { send(frame_ref(wire_frame::of(opcode::text, message))); }
  void close(close_code code, std::string_view reason);
  void tell_drained() { tell_drained_ = true; }

  bool is_open() const { return state_ == state::open; }
  std::size_t queued_frames() const { return output_.size() - output_at_; }
  std::size_t queued_bytes() const { return output_bytes_; }
  const std::shared_ptr<io_thread>& home() const { return home_; }
  const std::string& remote() const { return ticket_.address(); }
  const edge_limits& limits() const { return limits_; }
  stats_counters& stats() const { return stats_; }

 private:
  // closing: the close frame is queued, the client's is awaited. refusing: it is queued, what comes is dropped.
  enum class state : std::uint8_t { fresh, open, closing, refusing, gone };

  void read();
  void take(std::string_view bytes);
  void take(const said& s);
  bool within_rate();
  void push(frame_ref f);
  std::string_view bytes_of(const frame_ref& f) const;
  bool send_some();
  void sent(std::size_t bytes);
  void end_with(close_code code, std::string_view reason, state next);
  void shut_when_sent();
  void gone();

  const edge_limits& limits_;
  stats_counters& stats_;
  std::shared_ptr<io_thread> home_;
  connection_ticket ticket_;
  decoder decoder_;
  std::vector<frame_ref> output_;
  std::size_t output_bytes_ = 0;     // from output_at_ on, those sent of the first included
  std::uint32_t output_at_ = 0;      // what is before it has been sent
  std::uint32_t first_sent_ = 0;     // bytes of the first that have been sent
  std::uint32_t dropped_bytes_ = 0;  // that came behind a refusal
  int descriptor_ = -1;
  state state_ = state::fresh;
  bool blocked_ = false;  // until the descriptor is writable
  bool tell_drained_ = false, shut_ = false, quiet_ = false;
  const deflating deflating_;
  float allowance_ = 0;  // messages the client may send now
  std::chrono::steady_clock::time_point read_at_{}, wrote_at_{}, refilled_{};
};

}  // namespace troupe::http
