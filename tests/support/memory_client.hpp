// The actors as an edge sees them, over the real machines in memory: commands, queries and the feed, answered by a
// thread of its own in the order they were asked. Faults can be put in.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <vector>

#include "actors/runtime/client.hpp"
#include "http/auth/key_text.hpp"
#include "http/server/principal.hpp"
#include "tests/support/memory_records.hpp"

namespace troupe::testing {

class memory_client final : public client {
 public:
  explicit memory_client(std::uint16_t shards = 4);
  ~memory_client() override;

  void command(shard_id shard, std::string command, answer done) override;
  void query(shard_id shard, std::string query, consistency level, answer done) override;
  void query_each(std::vector<shard_id> shards, std::string query, consistency level, answers done) override;
  std::unique_ptr<subscription> subscribe(feed_sink sink) override;
  std::uint16_t shard_count() const override { return static_cast<std::uint16_t>(shards_.size()); }
  epoch history() const override { return epoch(0xABCDEF); }

  // Makes a key and gives its text.
  std::string add_key(http::role role, std::string_view org = "default");
  // From now on commands of the shard fail so; nothing: they work again.
  void fail_commands(shard_id shard, std::optional<failure> why);
  void fail_queries(std::optional<failure> why);
  // The next so many feeds are lost.
  void lose_feeds(int count);
  // The feed of each shard begins anew, as after a change of its leader.
  void begin_anew();
  // Questions wait until they are let go.
  void hold_queries();
  void release_queries();
  std::size_t queries_held() const;
  std::size_t commands_seen() const;

 private:
  struct listening;
  struct remembered {
    std::uint64_t fingerprint;
    std::string reply;
  };

  void later(std::function<void()> work);
  void run();
  result<std::string> run_command(shard_id shard, const std::string& bytes);
  std::string with_next_task(shard_id shard, const std::string& bytes);
  std::string answer_query(shard_id shard, const std::string& bytes);
  std::string feed_of(shard_id shard, const std::vector<std::string>& facts);
  std::uint64_t last_seq(shard_id shard) const;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> work_, held_;
  bool stopping_ = false, holding_ = false;
  std::map<std::uint16_t, failure> failing_;
  std::optional<failure> queries_fail_;
  int lose_ = 0;
  std::size_t commands_ = 0;

  // Of the thread alone.
  std::vector<std::unique_ptr<memory_shard>> shards_;
  machine_set machines_;
  std::map<std::string, remembered> replies_;
  std::shared_ptr<std::set<listening*>> listeners_;
  std::thread thread_;
};

}  // namespace troupe::testing
