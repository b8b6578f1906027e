// The way from the edge to the actors, with a bound: actors' mailboxes have none of their own.
//
// At most so many commands and queries, and bytes of commands, are on their way to each shard at once; one more is
// answered 'overloaded' without being sent. A shard that is slow or halted fills its own share only.
// Thread-safe. The keys and the feed pass unbounded: there is one of each.
#pragma once

#include <memory>
#include <vector>

#include "actors/runtime/client.hpp"
#include "http/server/io_thread.hpp"

namespace troupe::http {

struct client_bounds {
  std::size_t commands_per_shard_max = 4096;
  std::size_t command_bytes_per_shard_max = 32 * 1024 * 1024;
  std::size_t queries_per_shard_max = 1024;
};

class bounded_client final : public client {
 public:
  // Refusals are told on 'home': never before the call has returned.
  bounded_client(client& to, std::shared_ptr<io_thread> home, client_bounds bounds = {});

  void command(shard_id shard, std::string command, answer done) override;
  void query(shard_id shard, std::string query, consistency level, answer done) override;
  void query_each(std::vector<shard_id> shards, std::string query, consistency level, answers done) override;
  std::unique_ptr<subscription> subscribe(feed_sink sink) override { return to_.subscribe(std::move(sink)); }
  std::uint16_t shard_count() const override { return to_.shard_count(); }
  epoch history() const override { return to_.history(); }

  std::size_t commands_open(shard_id shard) const;

 private:
  struct share;
  struct table;  // outlives this: answers may come late

  client& to_;
  const std::shared_ptr<io_thread> home_;
  const client_bounds bounds_;
  const std::shared_ptr<table> open_;
};

}  // namespace troupe::http
