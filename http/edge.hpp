// The client edge of a node: everything on the client port and on the OTLP port, put together.
//
// It listens from its making on. Who comes before start() waits in the kernel's backlog, which suits clients better than 503:
// an EventSource never comes back after one. Whoever is let in before the keys are loaded from the system shard gets 503.
// 'actors', 'watch' and 'others' must outlive the edge. prepare(), which may be left out, start() and stop() are called once,
// in this order, from one thread.
#pragma once

#include <chrono>
#include <memory>

#include "actors/runtime/client.hpp"
#include "actors/runtime/presence.hpp"
#include "http/ingest/pricing.hpp"
#include "http/server/config.hpp"
#include "http/server/server.hpp"
#include "http/server/stats.hpp"

namespace troupe::http {

class edge {
 public:
  // 'prices': nullptr takes the built-in table. 'watch' may be nullptr, and so may 'others', on a node that is alone.
  // Throws std::runtime_error that names an address that cannot be listened on.
  edge(edge_config config, client& actors, const ingest::price_table* prices = nullptr,
       observer* watch = nullptr, presence* others = nullptr);
  ~edge();

  // Loads the keys and follows the feed: see is_ready().
  void prepare();
  // Lets clients in.
  void start();
  server::ports ports() const;
  // The keys are loaded and the feed is followed: ready for clients.
  bool is_ready() const;
  // No new connections, requests may finish, sockets are told to come back; at most 'drain' long.
  void stop(std::chrono::milliseconds drain);
  edge_stats stats() const;

 private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

}  // namespace troupe::http
