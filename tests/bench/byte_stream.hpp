// One socket of the loop: what is written leaves in order as the socket takes it, what arrives is handed on as it is
// read. What arrives is read into a buffer that all streams share; only an unfinished rest is kept per stream, so that
// a hundred thousand idle ones cost the client little.
#pragma once

#include <string>
#include <string_view>

#include "tests/bench/loop.hpp"

namespace troupe::bench {

class byte_stream : public watcher {
 public:
  byte_stream(loop& on, std::uint16_t port, std::uint32_t source = 1);
  ~byte_stream() override;
  byte_stream(const byte_stream&) = delete;
  byte_stream& operator=(const byte_stream&) = delete;

  void write(std::string_view bytes);
  bool is_open() const { return fd_ >= 0; }
  void hang_up();

 protected:
  // Takes from the front what it can use and returns how many bytes that were.
  virtual std::size_t received(std::string_view bytes) = 0;
  virtual void closed() {}

 private:
  void ready(std::uint32_t events) final;
  void flush();
  void deliver(std::string_view fresh);

  loop& loop_;
  int fd_;
  std::string unread_, unsent_;
  bool waits_to_write_ = false;
};

}  // namespace troupe::bench
