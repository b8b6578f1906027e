// The actors as an edge sees them, over shards in memory, on the calling thread: what is asked is answered when run() is
// called. A command that would halt its shard is a failure of the edge that sent it.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "actors/runtime/client.hpp"
#include "tests/fuzz/support/shard_under_test.hpp"

namespace troupe::fuzz {

class inline_client final : public client {
 public:
  // New, empty shards.
  void reset();
  // Answers what was asked; false when there was nothing.
  bool run();

  void command(shard_id shard, std::string command, answer done) override;
  void query(shard_id shard, std::string query, consistency level, answer done) override;
  void query_each(std::vector<shard_id> shards, std::string query, consistency level, answers done) override;
  std::unique_ptr<subscription> subscribe(feed_sink sink) override;
  std::uint16_t shard_count() const override { return 3; }
  epoch history() const override { return epoch(7); }

 private:
  std::string ask(shard_id shard, const std::string& query);
  std::string with_next_task(shard_id shard, const std::string& command);

  std::vector<std::unique_ptr<shard_under_test>> shards_;
  std::deque<std::function<void()>> work_;
};

}  // namespace troupe::fuzz
