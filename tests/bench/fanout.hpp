// One publisher, many readers: how much arrives when it publishes as fast as the readers get it, and how late a message
// is when it publishes at a steady pace.
#pragma once

#include <cstdint>

#include "tests/bench/histogram.hpp"
#include "tests/bench/live_socket.hpp"

namespace troupe::bench {

struct fanout_plan {
  live_target to;
  std::uint16_t publish_port = 0;  // NATS: its own TCP port
  int sockets = 100;
  double warm_seconds = 1, seconds = 4;
  int window = 256;               // messages published and not yet with all readers
  int in_flight = 32, batch = 1;  // Troupe's requests
  double per_second = 0;          // 0: saturated
  int server_pid = 0;
};

struct fanout_count {
  std::uint64_t published = 0, delivered = 0, missing = 0, refused = 0, closed = 0;
  double seconds = 0, server_cpu_seconds = 0;
  histogram times;  // paced: from the intended send to each reader
  histogram
      after_acknowledgement;  // paced, Troupe: from the acknowledgement to each reader; 0 when it came before
};

fanout_count run_fanout(const fanout_plan& plan);

}  // namespace troupe::bench
