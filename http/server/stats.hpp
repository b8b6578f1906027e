// What the edge counts, and who may watch it. No metrics library in here: the ops listener exports it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace troupe::http {

// How a token limit stands: parts of what it allows.
struct limit_figures {
  std::string org, id, scope, key, period;
  double used = 0, projected = 0, warn_at = 0;
};

// Told of every answer, on I/O threads, and of the feed: must be quick and thread-safe.
class observer {
 public:
  virtual ~observer() = default;
  virtual void request_done(std::string_view method, std::string_view route, int status,
                            std::chrono::nanoseconds took) noexcept = 0;
  // Each encoded schema::Feed that comes to this node, on an actor's thread.
  virtual void feed_seen(std::string_view) noexcept {}
  // Whether this node is the one that watches the token limits of all organisations. For any thread.
  virtual bool watches_limits() const noexcept { return false; }
  // How all of them stand, now and then; none any more when another node watches them. On an I/O thread.
  virtual void limits_seen(std::vector<limit_figures>) noexcept {}
};

struct request_count {
  std::string method, route;
  int status = 0;
  std::uint64_t count = 0;
};

// A gate of load (load_gate.hpp), in its units: a unit is a request with a body of up to 16 KiB.
struct gate_stats {
  std::uint32_t in_flight = 0, limit = 0;
  std::uint64_t refused = 0;  // requests
  std::chrono::microseconds target{0};
};

// A moment's figures. Counters grow from the start of the edge.
struct edge_stats {
  std::uint64_t connections_open = 0, websockets_open = 0, streams_open = 0, joins_open = 0;
  std::uint64_t in_flight_bytes = 0;
  gate_stats writes, reads;
  std::uint64_t connections_total = 0, connections_refused = 0;
  std::uint64_t requests_total = 0, bytes_in = 0, bytes_out = 0;
  std::uint64_t deadlines_passed = 0;
  std::uint64_t frames_out = 0, frames_in = 0, slow_readers_closed = 0, recoveries = 0;
  std::uint64_t events_accepted = 0, events_duplicate = 0, events_rejected = 0;
  std::vector<request_count> requests;
};

class stats_counters {
 public:
  using counter = std::atomic<std::uint64_t>;
  counter websockets_open{0}, streams_open{0}, joins_open{0};
  counter connections_total{0}, connections_refused{0};
  counter requests_total{0}, bytes_in{0}, bytes_out{0};
  counter deadlines_passed{0};
  counter frames_out{0}, frames_in{0}, slow_readers_closed{0}, recoveries{0};
  counter events_accepted{0}, events_duplicate{0}, events_rejected{0};

  static void add(counter& c, std::uint64_t n = 1) { c.fetch_add(n, std::memory_order_relaxed); }
  static void drop(counter& c) { c.fetch_sub(1, std::memory_order_relaxed); }

  void request_done(std::string_view method, std::string_view route, int status);
  edge_stats read() const;

 private:
  mutable std::mutex mutex_;
  // Routes and methods are texts of the program: as many keys as routes times statuses.
  std::map<std::tuple<std::string_view, std::string_view, int>, std::uint64_t> requests_;
};

}  // namespace troupe::http
