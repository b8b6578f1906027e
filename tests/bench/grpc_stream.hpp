// Unary gRPC calls without TLS, many at once over one HTTP/2 connection: as much of both as etcd asks of a client that
// only puts. Headers of answers are not read: a call that failed has no message in its answer.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>

#include "tests/bench/byte_stream.hpp"

namespace troupe::bench {

class grpc_stream : public byte_stream {
 public:
  // 'method' as "/package.Service/Method".
  grpc_stream(loop& on, std::uint16_t port, std::string_view method);

 protected:
  // The call's number comes back with its answer. It leaves with flush_calls(), or after answers were taken.
  std::uint32_t call(std::string_view message);
  void flush_calls();
  enum class outcome : std::uint8_t { answered, failed };
  virtual void finished(std::uint32_t call, outcome how) = 0;

 private:
  std::size_t received(std::string_view bytes) final;
  void closed() final;
  void take_frame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream, std::string_view payload);
  void end(std::uint32_t stream);

  std::string headers_, out_;
  std::deque<std::string> waiting_;  // calls for which the server has not given room yet
  std::unordered_map<std::uint32_t, outcome> open_;
  std::int64_t room_ = 65'535;  // bytes the server still takes on this connection
  std::uint32_t next_ = 1;
};

}  // namespace troupe::bench
