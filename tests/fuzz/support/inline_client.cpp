#include "tests/fuzz/support/inline_client.hpp"

#include "protocol/message.hpp"
#include "protocol/must.hpp"

namespace troupe::fuzz {

void inline_client::reset() {
  work_.clear();
  shards_.clear();
  for (std::uint16_t s = 0; s < shard_count(); ++s)
    shards_.push_back(std::make_unique<shard_under_test>(shard_id(s)));
}

bool inline_client::run() {
  bool any = !work_.empty();
  while (!work_.empty()) {
    auto next = std::move(work_.front());
    work_.pop_front();
    next();
  }
  return any;
}

std::string inline_client::ask(shard_id shard, const std::string& query) {
  auto answer = shards_.at(shard.value)->ask(query);
  must(answer.has_value(), "an edge asks what can be answered");
  return *answer;
}

// As an agent's actor does: a claim without a task is of the next one.
std::string inline_client::with_next_task(shard_id shard, const std::string& command) {
  message_reader reader(command);
  auto c = reader.root<schema::Command>();
  if (!c.getBody().isClaimTask() || c.getBody().getClaimTask().getTaskId().size()) return command;
  capnp::MallocMessageBuilder asked, changed;
  auto query = asked.initRoot<schema::Query>();
  query.setOrg(c.getOrg());
  query.setNextPendingTask(c.getBody().getClaimTask().getAgentId());
  auto answer = ask(shard, to_bytes(asked));
  message_reader found(answer);
  auto result = found.root<schema::QueryResult>();
  changed.setRoot(c);
  changed.getRoot<schema::Command>().getBody().getClaimTask().setTaskId(
      result.isTasks() && result.getTasks().size() ? result.getTasks()[0].getId().cStr() : "none");
  return to_bytes(changed);
}

void inline_client::command(shard_id shard, std::string command, answer done) {
  work_.push_back([this, shard, command = std::move(command), done = std::move(done)] {
    auto reply = shards_.at(shard.value)->run(with_next_task(shard, command));
    must(reply.has_value(), "an edge sends no command that halts a shard");
    done(*reply);
  });
}

void inline_client::query(shard_id shard, std::string query, consistency, answer done) {
  work_.push_back(
      [this, shard, query = std::move(query), done = std::move(done)] { done(ask(shard, query)); });
}

void inline_client::query_each(std::vector<shard_id> shards, std::string query, consistency, answers done) {
  work_.push_back([this, shards = std::move(shards), query = std::move(query), done = std::move(done)] {
    std::vector<std::string> out;
    for (auto s : shards) out.push_back(ask(s, query));
    done(std::move(out));
  });
}

std::unique_ptr<subscription> inline_client::subscribe(feed_sink) { return std::make_unique<subscription>(); }

}  // namespace troupe::fuzz
