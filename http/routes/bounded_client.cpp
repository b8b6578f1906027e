#include "http/routes/bounded_client.hpp"

#include <atomic>

namespace troupe::http {

namespace {

failure too_many(std::string_view what) {
  return {errc::overloaded, "Too many " + std::string(what) + " wait for their shard. Nothing was done.",
          std::chrono::seconds(1)};
}

// Adds, unless that would pass the bound.
bool take(std::atomic<std::size_t>& used, std::size_t n, std::size_t most) {
  auto before = used.fetch_add(n, std::memory_order_relaxed);
  if (before + n <= most) return true;
  used.fetch_sub(n, std::memory_order_relaxed);
  return false;
}

}  // namespace

struct bounded_client::share {
  std::atomic<std::size_t> commands{0}, bytes{0}, queries{0};
};

struct bounded_client::table {
  explicit table(std::size_t shards) : of(shards) {}
  share& at(shard_id shard) { return of[std::min<std::size_t>(shard.value, of.size() - 1)]; }
  std::vector<share> of;
};

bounded_client::bounded_client(client& to, std::shared_ptr<io_thread> home, client_bounds bounds)
    : to_(to),
      home_(std::move(home)),
      bounds_(bounds),
      open_(std::make_shared<table>(std::max<std::size_t>(1, to.shard_count()))) {}

void bounded_client::command(shard_id shard, std::string command, answer done) {
  auto& mine = open_->at(shard);
  auto bytes = command.size();
  bool counted = take(mine.commands, 1, bounds_.commands_per_shard_max);
  if (!counted || !take(mine.bytes, bytes, bounds_.command_bytes_per_shard_max)) {
    if (counted) mine.commands.fetch_sub(1, std::memory_order_relaxed);
    home_->post([done = std::move(done)] { done(too_many("commands")); });
    return;
  }
  to_.command(shard, std::move(command),
              [open = open_, shard, bytes, done = std::move(done)](result<std::string> got) {
                open->at(shard).commands.fetch_sub(1, std::memory_order_relaxed);
                open->at(shard).bytes.fetch_sub(bytes, std::memory_order_relaxed);
                done(std::move(got));
              });
}

void bounded_client::query(shard_id shard, std::string query, consistency level, answer done) {
  if (!take(open_->at(shard).queries, 1, bounds_.queries_per_shard_max)) {
    home_->post([done = std::move(done)] { done(too_many("queries")); });
    return;
  }
  to_.query(shard, std::move(query), level,
            [open = open_, shard, done = std::move(done)](result<std::string> got) {
              open->at(shard).queries.fetch_sub(1, std::memory_order_relaxed);
              done(std::move(got));
            });
}

void bounded_client::query_each(std::vector<shard_id> shards, std::string query, consistency level,
                                answers done) {
  auto give_back = [](table& open, const std::vector<shard_id>& taken) {
    for (auto s : taken) open.at(s).queries.fetch_sub(1, std::memory_order_relaxed);
  };
  std::vector<shard_id> taken;
  for (auto s : shards) {
    if (!take(open_->at(s).queries, 1, bounds_.queries_per_shard_max)) {
      give_back(*open_, taken);
      home_->post([done = std::move(done)] { done(too_many("queries")); });
      return;
    }
    taken.push_back(s);
  }
  to_.query_each(std::move(shards), std::move(query), level,
                 [open = open_, taken = std::move(taken), give_back,
                  done = std::move(done)](result<std::vector<std::string>> got) {
                   give_back(*open, taken);
                   done(std::move(got));
                 });
}

std::size_t bounded_client::commands_open(shard_id shard) const {
  return open_->at(shard).commands.load(std::memory_order_relaxed);
}

}  // namespace troupe::http
