// What an edge is told: where it listens and every bound it keeps. Plain values, read once at start.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "http/server/load_gate.hpp"
#include "protocol/limits.hpp"

namespace troupe::http {

struct listen_address {
  std::string host = "127.0.0.1";  // a numeric address
  std::uint16_t port = 0;          // 0: a free one
};

struct edge_limits {
  using ms = std::chrono::milliseconds;

  std::size_t connections_max = 20'000;
  std::size_t connections_per_address_max = 20'000;
  std::size_t head_bytes_max = 16 * 1024;         // more: 431
  std::size_t head_fields_max = 128;              // more: 431
  std::size_t target_bytes_max = 8 * 1024;        // more: 414
  std::size_t json_body_bytes_max = 1024 * 1024;  // of everything that is not ingest
  std::size_t body_bytes_max = limits::request_body_bytes_max;
  std::size_t answer_bytes_per_second_min = 16 * 1024;
  // Bodies, what they are decompressed to, and answers, of all requests together. At the bound: 503 with Retry-After.
  std::size_t in_flight_bytes_max = 256 * 1024 * 1024;

  load_limits
      load;  // requests in flight that wait for actors, reads and writes apart. More: 503 with Retry-After

  ms head_deadline{10'000};         // from the first byte to the end of the head
  ms body_stall_deadline{15'000};   // between two reads of a body
  ms body_deadline{120'000};        // the whole body
  ms handle_deadline{60'000};       // from the whole request to its answer: 503
  ms write_stall_deadline{30'000};  // between two writes that the client takes
  ms write_deadline{120'000};  // the whole answer, and a second more for each answer_bytes_per_second_min
  ms idle_deadline{75'000};    // between requests
  ms linger_deadline{2'000};   // for the client to read the last answer before the socket goes

  // Sockets of channels and streams.
  std::size_t joins_per_socket_max = 64;
  std::size_t socket_message_bytes_max = 1024 * 1024;
  std::size_t socket_queue_frames_max = 1024;
  std::size_t socket_queue_bytes_max = 4 * 1024 * 1024;
  std::uint32_t socket_messages_per_second_max = 200;  // with a burst of twice as many
  ms socket_idle_deadline{90'000};
  ms stream_keep_alive{15'000};
  bool socket_compression = false;  // permessage-deflate: each push is compressed once for all sockets
  std::size_t publishes_per_socket_max = 16;  // not yet answered

  // Wrong keys from one address: so many at once, then one each interval. More: 429.
  std::uint32_t key_failures_max = 20;
  ms key_failure_interval{1'000};
};

struct edge_config {
  std::vector<listen_address> main{{"127.0.0.1", 8080}};
  std::vector<listen_address> otlp{{"127.0.0.1", 4318}};
  unsigned io_threads = 0;                   // 0: one for each core
  std::string web_root;                      // the page's files; empty: none
  std::vector<std::string> allowed_origins;  // CORS and WebSocket beside the own origin: "https://host"
  std::string version = "0.1.0";
  std::string node_name = "node";
  // The latest encoded schema::ClusterView; null while there is none. Called on any thread.
  std::function<std::shared_ptr<const std::string>()> cluster_view = {};
  edge_limits limits;
};

}  // namespace troupe::http
