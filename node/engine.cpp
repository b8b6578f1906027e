#include "node/engine.hpp"

#include <spdlog/spdlog.h>
#include <caf/all.hpp>

#include <cstdlib>
#include <future>
#include <random>

#include "actors/machines.hpp"
#include "actors/presence/actor.hpp"
#include "node/version.hpp"
#include "protocol/uuid.hpp"
#include "storage/rocks_kv.hpp"
#include "storage/shard_client.hpp"
#include "storage/shard_network.hpp"

namespace troupe::node {
namespace {

std::int64_t now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// What was acknowledged is on disk; nothing else can be said of a store after a failed sync until it is opened anew.
[[noreturn]] void end_without_store(const failure& why) {
  constexpr int input_output_error = 74;  // EX_IOERR of sysexits.h
  spdlog::critical(
      "the store does not take up again: {}. The process ends: whatever supervises it should start it anew",
      why.detail);
  std::_Exit(input_output_error);
}

std::uint64_t random_u64() {
  std::random_device device;
  return std::uniform_int_distribution<std::uint64_t>(1)(device);
}

// Where certificates were issued beforehand, they say who the node is.
result<storage::directory_identity> fresh_identity(const config& c) {
  auto certified = certified_node(c.data_dir / "pki");
  if (!certified) return certified.error();
  storage::directory_identity id;
  id.cluster = to_string(make_uuid_v7(now_us(), random_u64(), random_u64()));
  id.node = certified->value_or(node_id(random_u64()));
  id.shards = c.shards;
  id.history = epoch(random_u64());
  return id;
}

// What a node that joins is to be. Nothing: it does not join, or has joined long ago and its invitation is gone.
result<std::optional<invitation>> invitation_of(const config& c) {
  std::error_code error;
  auto file = c.join.empty() ? waiting_invitation(c.data_dir) : c.join;
  bool is_there = std::filesystem::exists(file, error);
  bool has_begun = std::filesystem::exists(c.data_dir / "troupe.id", error);
  if (!is_there && (c.join.empty() || has_begun)) return std::optional<invitation>();
  if (!c.cluster_listen && !has_begun)
    return failure{.code = errc::invalid_argument,
                   .detail = file.string() +
                             " invites this node to a cluster: set cluster_listen, for example "
                             "0.0.0.0:7400, or remove the file",
                   .field = "cluster_listen"};
  auto read = load_invitation(file);
  if (!read) return read.error();
  return std::optional(std::move(*read));
}

storage::directory_identity identity_in(const invitation& i) {
  return {.cluster = i.cluster,
          .node = i.node,
          .shards = i.shards,
          .history = i.history,
          .origin = storage::node_origin::joined};
}

// An invitation is for an empty directory, or for the one that was begun with it.
result<bool> check_invited(const storage::data_dir& directory, const invitation& i) {
  const auto& id = directory.identity();
  if (id.node == i.node && id.cluster == i.cluster) return true;
  return failure{
      .code = errc::conflict,
      .detail = "join: " + directory.path().string() + " holds the data of " + node_name(id.node) +
                " of cluster " + id.cluster + ", and the invitation is for " + node_name(i.node) +
                " of cluster " + i.cluster +
                ". A node joins with an empty data directory: choose another data_dir, or leave join out"};
}

}  // namespace

result<std::unique_ptr<engine>> engine::start(const config& c) {
  auto invited = invitation_of(c);
  if (!invited) return invited.error();
  auto fresh = *invited ? result<storage::directory_identity>(identity_in(**invited)) : fresh_identity(c);
  if (!fresh) return fresh.error();
  auto directory = storage::data_dir::open(c.data_dir, *fresh);
  if (!directory) return directory.error();
  if (*invited) {
    auto good = check_invited(*directory, **invited);
    if (!good) return good.error();
    const auto& i = **invited;
    auto installed = install_pki(directory->path() / "pki", {.authority = i.authority,
                                                             .node = {i.certificate, i.key},
                                                             .client = {i.client_certificate, i.client_key}});
    if (!installed) return installed.error();
  }
  std::unique_ptr<engine> e(new engine(std::move(*directory)));
  // Both wait mostly for the disk.
  auto opening = std::async(std::launch::async,
                            [where = e->directory_.database()] { return storage::open_rocks(where, {}); });
  auto certificates = e->renew_certificates();
  auto store = opening.get();
  if (!certificates) return certificates.error();
  if (!store) return store.error();
  e->store_ = std::move(*store);
  e->writer_ = std::make_unique<storage::log_writer>(*e->store_);
  e->machines_ = make_machines();
  e->machines_.level = behaviour_level();
  e->space_ = std::make_unique<storage::space_guard>(c.data_dir, storage::disk_reserve_bytes);
  tls_identity identity{e->pki_.authority, e->pki_.node, e->pki_.node_key};
  e->config_ = std::make_unique<actor_config>(c.actor_threads, identity);
  e->system_ = std::make_unique<caf::actor_system>(*e->config_);
  auto started = e->start_shards(c, std::move(*invited));
  if (!started) return started.error();
  return e;
}

result<bool> engine::renew_certificates() {
  const auto& id = directory_.identity();
  auto key = id.origin == storage::node_origin::joined ? authority_key::elsewhere : authority_key::here;
  auto made = ensure_pki(directory_.path() / "pki", {.node = id.node, .cluster = id.cluster},
                         now_us() / 1'000'000, key);
  if (!made) return made.error();
  pki_ = *made;
  return true;
}

result<bool> engine::start_shards(const config& c, std::optional<invitation> invited) {
  const auto& id = directory_.identity();
  if (c.shards != id.shards)
    spdlog::info("the data directory has {} shards, and keeps them: the setting says {}", id.shards,
                 c.shards);
  queries_ = storage::spawn_query_workers(*system_, std::max(2U, c.actor_threads / 2), *store_, machines_);
  digests_ = std::make_unique<storage::digest_worker>();
  cluster_ = std::make_unique<clustering>(*system_, c, id, kept_map(directory_.path() / "cluster.map"),
                                          std::move(invited), *store_);
  auto& places = cluster_->directory();
  auto around = std::make_shared<const storage::shard_surroundings>(storage::shard_surroundings{
      .store = *store_,
      .writer = *writer_,
      .machines = machines_,
      .space = *space_,
      .queries = queries_,
      .peers = cluster_->peers(),
      .voters_changed = [&places](
                            shard_id shard, generation in,
                            const std::vector<node_id>& voters) { places.learn_voters(shard, in, voters); },
      .leader_changed = [&places](shard_id shard, generation in, term at,
                                  node_id leader) { places.learn_leader(shard, in, at, leader); },
      .digests = digests_.get(),
      .digest_every = std::chrono::seconds(c.digest_every_seconds),
      .store_lost = end_without_store});
  std::vector<storage::shard_config> configs;
  for (std::uint16_t s = 0; s < id.shards; ++s) {
    auto& shard = configs.emplace_back();
    shard.raft.shard = shard_id(s);
    shard.raft.generation = generation(1);
    shard.raft.self = id.node;
    if (id.origin == storage::node_origin::founded) shard.raft.voters = {id.node};
    shard.raft.seed = static_cast<std::uint32_t>(random_u64());
    shard.history = id.history;
    shard.level = cluster_->level();
  }
  auto fresh = storage::make_fresh_shards(*store_, configs);
  if (!fresh) return fresh.error();
  for (auto& shard : configs) shards_.push_back(storage::spawn_shard(*system_, shard, around));
  if (auto* peers = cluster_->peers()) {
    storage::serve_peers(*peers, shards_);
    runtime_ = std::make_unique<runtime>(*system_, shards_, id.history, peers, &places);
    presence_ = spawn_presence(*system_, *peers);
  } else {
    runtime_ = std::make_unique<runtime>(*system_, shards_, id.history);
  }
  backups_ = std::make_unique<backups>(
      backup_sources{&runtime_->get_client(), cluster_->peers(), shards_, id.node, id.cluster});
  return true;
}

result<std::optional<listen_address>> engine::start_cluster(std::string client_address,
                                                            std::int64_t started_us,
                                                            std::function<own_figures()> figures) {
  return cluster_->start({.actors = &runtime_->get_client(),
                          .shards = shards_,
                          .client_address = std::move(client_address),
                          .started_us = started_us,
                          .figures = std::move(figures)});
}

result<std::string> engine::invitation_for(const invitation_wish& wish) const {
  const auto& id = directory_.identity();
  issued_pki issued;
  if (wish.certificates == invitation_wish::issued::here) {
    auto made = issue_pki(directory_.path() / "pki", wish.node, now_us() / 1'000'000);
    if (!made) return made.error();
    issued = std::move(*made);
  }
  return to_text(invitation{.cluster = id.cluster,
                            .node = wish.node,
                            .name = wish.name,
                            .address = wish.address,
                            .shards = id.shards,
                            .history = id.history,
                            .peers = cluster_->known_peers(),
                            .id = wish.id,
                            .secret = wish.secret,
                            .expires_us = wish.expires_us,
                            .authority = issued.authority,
                            .certificate = issued.node.certificate,
                            .key = issued.node.key,
                            .client_certificate = issued.client.certificate,
                            .client_key = issued.client.key});
}

void engine::hand_over(std::chrono::milliseconds deadline) {
  if (!cluster_->peers()) return;
  caf::scoped_actor self(*system_);
  const auto& me = directory_.identity().node;
  std::size_t asked = 0;
  for (std::uint16_t s = 0; s < shards_.size(); ++s) {
    auto place = cluster_->directory().of(shard_id(s));
    if (place.leader != me || place.voters.size() < 2) continue;
    self->send(shards_[s], storage::transfer_atom::value, std::uint64_t{0});
    ++asked;
  }
  // Whatever is answered: what could not be handed over is elected anew.
  auto until = std::chrono::steady_clock::now() + deadline;
  bool late = false;
  while (asked > 0 && !late) {
    self->receive([&](const frame&) { --asked; },
                  caf::after(until - std::chrono::steady_clock::now()) >> [&] { late = true; });
  }
}

void engine::leave_cluster() {
  backups_.reset();
  if (cluster_) cluster_->stop();
}

engine::~engine() {
  leave_cluster();
  presence_.reset();
  runtime_.reset();
  for (auto& s : shards_) caf::anon_send_exit(s, caf::exit_reason::user_shutdown);
  shards_.clear();
  if (queries_) caf::anon_send_exit(queries_, caf::exit_reason::user_shutdown);
  queries_ = nullptr;
  if (system_) system_->await_all_actors_done();
  digests_.reset();
  writer_.reset();
  cluster_.reset();
  system_.reset();
}

}  // namespace troupe::node
