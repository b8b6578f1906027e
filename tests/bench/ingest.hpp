// Durable events a second and the time of one acknowledged event: the same events to Troupe and its peers, each from one
// client thread. An event counts when the server has said that it is on disk.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/bench/histogram.hpp"

namespace troupe::bench {

struct ingest_plan {
  int clients = 8;
  int batch = 100;       // of etcd and JetStream, which take them one by one: in flight of each client
  int agents = 0;        // of each batch; each client has its own; 0: a hundred of all
  int spread_hours = 0;  // each batch happened at one moment of the last hours; 0: now
  double warm_seconds = 1, seconds = 5;
  std::uint64_t events = 0;          // ends when so many were acknowledged, if that is sooner; 0: never
  std::vector<std::uint16_t> ports;  // of each node; clients are dealt out to them
  std::string key;                   // Troupe
  std::string body = "ndjson";       // ndjson, ndjson-no-ids, mixed, otlp
  std::string connection;            // PostgreSQL
  std::vector<int> server_pids;      // whose CPU time is counted, with their children's

  std::uint16_t port_of(int client) const {
    return ports.at(static_cast<std::size_t>(client) % ports.size());
  }
};

// What was acknowledged in the measured time.
struct ingest_count {
  std::uint64_t events = 0, bytes = 0, failures = 0;
  double seconds = 0, server_cpu_seconds = 0;
  histogram times;  // of a batch, from sending it to its acknowledgement
};

ingest_count ingest_troupe(const ingest_plan& plan);
ingest_count ingest_postgres(const ingest_plan& plan);
ingest_count ingest_redis(const ingest_plan& plan);
ingest_count ingest_etcd(const ingest_plan& plan);
ingest_count ingest_jetstream(const ingest_plan& plan);

// CPU time of a process and its direct children so far, in seconds.
double cpu_seconds(int pid);
double cpu_seconds(const std::vector<int>& pids);

// Counts only between the end of the warm-up and the end; times that began before are left out.
class measured_window {
 public:
  measured_window(const ingest_plan& plan, ingest_count& into);
  std::int64_t end_ns() const { return end_ns_; }
  // Called by the loop now and then: notes the CPU time when the window opens.
  std::int64_t turn(std::int64_t now);
  bool is_full() const { return events_max_ > 0 && into_.events >= events_max_; }
  void acknowledged(std::int64_t sent_ns, std::uint64_t events, std::uint64_t bytes);
  void failed();
  void close();

 private:
  const std::vector<int>& pids_;
  const std::uint64_t events_max_;
  ingest_count& into_;
  std::int64_t begin_ns_, end_ns_;
  double cpu_before_ = 0;
  bool open_ = false;
};

}  // namespace troupe::bench
