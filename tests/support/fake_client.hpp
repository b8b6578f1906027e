// A client without actors: events kept by shard in memory, a feed that the test drives. Answers come on a thread of its
// own, after the call has returned, as the real ones do.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

#include "actors/runtime/client.hpp"

namespace troupe::test {

class fake_client final : public client {
 public:
  explicit fake_client(std::uint16_t shards = 4);
  ~fake_client() override;

  // Appends to the shard and, unless the feed is held back, publishes. Returns the last number.
  std::uint64_t append(shard_id shard, std::string_view org, std::vector<std::string> agents);
  // While held back nothing is published: later feeds show a gap.
  void hold_feed_back(bool held);  // NOLINT: a test's switch
  // Waits until everything asked or published so far has been handled.
  void settle();

  void command(shard_id shard, std::string command, answer done) override;
  void query(shard_id shard, std::string query, consistency level, answer done) override;
  void query_each(std::vector<shard_id> shards, std::string query, consistency level, answers done) override;
  std::unique_ptr<subscription> subscribe(feed_sink sink) override;
  std::uint16_t shard_count() const override { return shards_; }
  epoch history() const override { return epoch(99); }

  std::function<result<std::string>(shard_id, const std::string&)> on_command;
  int feed_reads = 0;

 private:
  struct stored {
    std::string org, agent;
  };
  void later(std::function<void()> work);
  std::string read_feed(shard_id shard, const std::string& query);
  void publish_position(shard_id shard);

  const std::uint16_t shards_;
  std::mutex mutex_;
  std::condition_variable wake_, idle_;
  std::deque<std::function<void()>> work_;
  bool working_ = false, stopping_ = false, held_ = false;
  std::map<std::uint16_t, std::vector<stored>> events_;
  feed_sink sink_;
  std::thread thread_;
};

}  // namespace troupe::test
