// How an edge speaks to the actors: commands and queries by shard, and the feed of what changed.
// Thread-safe. Handlers run once, after the call has returned, on an actor's thread: they must not block and not throw.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/ids.hpp"
#include "protocol/placement.hpp"
#include "protocol/result.hpp"

namespace troupe {

enum class consistency : std::uint8_t {
  linearizable,  // from the leader, after a majority confirmed its term
  local,         // whatever this node's replica has applied
};

// Ends the subscription when destroyed.
class subscription {
 public:
  virtual ~subscription() = default;
};

class client {
 public:
  virtual ~client() = default;

  using answer = std::function<void(result<std::string>)>;
  using answers = std::function<void(result<std::vector<std::string>>)>;
  // An encoded schema::Feed. In order within a shard, without gaps in lastSeq unless the feed says so by its facts;
  // the first one of each shard has no facts and tells the position from which the rest follows.
  using feed_sink = std::function<void(std::shared_ptr<const std::string>)>;

  // 'command' is an encoded schema::Command; answered with an encoded schema::Reply (a refusal is a Reply too).
  // A failure means: not applied as far as is known (unavailable, overloaded, no_space), or unknown (timed_out).
  // A ClaimTask without a task id claims the next pending task of the agent.
  virtual void command(shard_id shard, std::string command, answer done) = 0;
  // 'query' is an encoded schema::Query; answered with an encoded schema::QueryResult.
  virtual void query(shard_id shard, std::string query, consistency level, answer done) = 0;
  // The same query on several shards at once; answers in the order of 'shards'. Fails if any fails.
  virtual void query_each(std::vector<shard_id> shards, std::string query, consistency level,
                          answers done) = 0;
  virtual std::unique_ptr<subscription> subscribe(feed_sink sink) = 0;

  // Fixed at the cluster's creation, the system shard included.
  virtual std::uint16_t shard_count() const = 0;
  virtual epoch history() const = 0;

  shard_id shard_of_agent(std::string_view org, std::string_view agent) const {
    return shard_of(org, "agent", agent, shard_count());
  }
  shard_id shard_of_dashboard(std::string_view org, std::string_view dashboard) const {
    return shard_of(org, "dashboard", dashboard, shard_count());
  }
  // Every shard but the system shard.
  std::vector<shard_id> entity_shards() const {
    std::vector<shard_id> all;
    for (std::uint16_t s = 1; s < shard_count(); ++s) all.emplace_back(s);
    return all;
  }
};

}  // namespace troupe
