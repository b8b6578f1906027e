#include "tests/support/node_stack.hpp"

#include <caf/all.hpp>

namespace troupe::test {

node_stack::node_stack(const std::filesystem::path& directory, std::uint16_t shards,
                       std::uint64_t snapshot_every) {
  auto opened = storage::open_rocks(directory / "db", {});
  must(static_cast<bool>(opened), "the test's store opens");
  store_ = std::move(*opened);
  writer_ = std::make_unique<storage::log_writer>(*store_);
  machines_ = make_machines();
  space_ = std::make_unique<storage::space_guard>(directory, 1);
  config_.set("scheduler.max-threads", 2u);
  system_ = std::make_unique<caf::actor_system>(config_);
  queries_ = storage::spawn_query_workers(*system_, 1, *store_, machines_);
  auto around = std::make_shared<const storage::shard_surroundings>(
      storage::shard_surroundings{*store_, *writer_, machines_, *space_, queries_, {}});
  for (std::uint16_t s = 0; s < shards; ++s) {
    storage::shard_config c{{shard_id(s), generation(1), node_id(1), {node_id(1)}, 1, {}}, epoch(7)};
    c.snapshot_every = snapshot_every;
    c.trailing = 16;
    shards_.push_back(storage::spawn_shard(*system_, c, around));
  }
  runtime_ = std::make_unique<runtime>(*system_, shards_, epoch(7));
}

node_stack::~node_stack() {
  runtime_->drain(std::chrono::seconds(10));
  runtime_.reset();
  for (auto& s : shards_) caf::anon_send_exit(s, caf::exit_reason::user_shutdown);
  shards_.clear();
  caf::anon_send_exit(queries_, caf::exit_reason::user_shutdown);
  queries_ = nullptr;
  system_->await_all_actors_done();
  writer_.reset();  // its completions still name actors
  system_.reset();
}

result<std::string> node_stack::command(shard_id shard, std::string command) {
  std::promise<result<std::string>> answer;
  get_client().command(shard, std::move(command),
                       [&](result<std::string> r) { answer.set_value(std::move(r)); });
  return answer.get_future().get();
}

result<std::string> node_stack::query(shard_id shard, std::string query) {
  std::promise<result<std::string>> answer;
  get_client().query(shard, std::move(query), consistency::linearizable,
                     [&](result<std::string> r) { answer.set_value(std::move(r)); });
  return answer.get_future().get();
}

}  // namespace troupe::test
