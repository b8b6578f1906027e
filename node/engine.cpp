#include "node/engine.hpp"

#include <spdlog/spdlog.h>
#include <caf/send.hpp>

#include <random>

#include "actors/machines.hpp"
#include "protocol/uuid.hpp"
#include "storage/rocks_kv.hpp"

namespace troupe::node {
namespace {

// Below this writes are refused with 507, so that the log's own work never finds the disk full.
constexpr std::uint64_t disk_reserve_bytes = 64ULL << 20;

std::int64_t now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::uint64_t random_u64() {
  std::random_device device;
  return std::uniform_int_distribution<std::uint64_t>(1)(device);
}

storage::directory_identity fresh_identity(const config& c) {
  storage::directory_identity id;
  id.cluster = to_string(make_uuid_v7(now_us(), random_u64(), random_u64()));
  id.node = node_id(random_u64());
  id.shards = c.shards;
  id.history = epoch(random_u64());
  return id;
}

}  // namespace

result<std::unique_ptr<engine>> engine::start(const config& c) {
  auto directory = storage::data_dir::open(c.data_dir, fresh_identity(c));
  if (!directory) return directory.error();
  std::unique_ptr<engine> e(new engine(std::move(*directory)));
  auto certificates = e->renew_certificates();
  if (!certificates) return certificates.error();
  auto store = storage::open_rocks(e->directory_.database(), {});
  if (!store) return store.error();
  e->store_ = std::move(*store);
  e->writer_ = std::make_unique<storage::log_writer>(*e->store_);
  e->machines_ = make_machines();
  e->space_ = std::make_unique<storage::space_guard>(c.data_dir, disk_reserve_bytes);
  tls_identity identity{e->pki_.authority, e->pki_.node, e->pki_.node_key};
  e->config_ = std::make_unique<actor_config>(c.actor_threads, identity);
  e->system_ = std::make_unique<caf::actor_system>(*e->config_);
  e->start_shards(c);
  return e;
}

result<bool> engine::renew_certificates() {
  const auto& id = directory_.identity();
  auto made =
      ensure_pki(directory_.path() / "pki", {.node = id.node, .cluster = id.cluster}, now_us() / 1'000'000);
  if (!made) return made.error();
  pki_ = *made;
  return true;
}

void engine::start_shards(const config& c) {
  const auto& id = directory_.identity();
  if (c.shards != id.shards)
    spdlog::info("the data directory has {} shards, and keeps them: the setting says {}", id.shards,
                 c.shards);
  queries_ = storage::spawn_query_workers(*system_, std::max(1U, c.actor_threads / 2), *store_, machines_);
  auto around = std::make_shared<const storage::shard_surroundings>(
      storage::shard_surroundings{*store_, *writer_, machines_, *space_, queries_, {}});
  for (std::uint16_t s = 0; s < id.shards; ++s) {
    storage::shard_config shard;
    shard.raft.shard = shard_id(s);
    shard.raft.generation = generation(1);
    shard.raft.self = id.node;
    shard.raft.voters = {id.node};
    shard.raft.seed = static_cast<std::uint32_t>(random_u64());
    shard.history = id.history;
    shards_.push_back(storage::spawn_shard(*system_, shard, around));
  }
  runtime_ = std::make_unique<runtime>(*system_, shards_, id.history);
}

engine::~engine() {
  runtime_.reset();
  for (auto& s : shards_) caf::anon_send_exit(s, caf::exit_reason::user_shutdown);
  shards_.clear();
  if (queries_) caf::anon_send_exit(queries_, caf::exit_reason::user_shutdown);
  queries_ = nullptr;
  if (system_) system_->await_all_actors_done();
  writer_.reset();
  system_.reset();
}

}  // namespace troupe::node
