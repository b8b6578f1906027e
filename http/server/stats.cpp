#include "http/server/stats.hpp"

namespace troupe::http {

void stats_counters::request_done(std::string_view method, std::string_view route, int status) {
  add(requests_total);
  std::lock_guard lock(mutex_);
  ++requests_[{route, method, status}];
}

edge_stats stats_counters::read() const {
  edge_stats out;
  out.websockets_open = websockets_open;
  out.streams_open = streams_open;
  out.joins_open = joins_open;
  out.connections_total = connections_total;
  out.connections_refused = connections_refused;
  out.requests_total = requests_total;
  out.bytes_in = bytes_in;
  out.bytes_out = bytes_out;
  out.deadlines_passed = deadlines_passed;
  out.frames_out = frames_out;
  out.frames_in = frames_in;
  out.slow_readers_closed = slow_readers_closed;
  out.recoveries = recoveries;
  out.events_accepted = events_accepted;
  out.events_duplicate = events_duplicate;
  out.events_rejected = events_rejected;
  std::lock_guard lock(mutex_);
  for (const auto& [key, count] : requests_) {
    out.requests.push_back(
        {std::string(std::get<1>(key)), std::string(std::get<0>(key)), std::get<2>(key), count});
  }
  return out;
}

}  // namespace troupe::http
