// Everything of a node below its listeners: data directory, store, actors, shards, runtime.
//
// Order: directory (and its lock), certificates, store, log writer, actor system, shards, runtime; the other way at the
// end, where the writer goes after all actors are done, because its completions name them.
// Made, stopped and destroyed by one and the same thread: CAF's actor system waits for ever for its own logger when
// another thread destroys it.
#pragma once

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "actors/runtime/presence.hpp"
#include "actors/runtime/runtime.hpp"
#include "node/actor_system.hpp"
#include "node/admin_cluster.hpp"
#include "node/backup.hpp"
#include "node/clustering.hpp"
#include "node/config.hpp"
#include "node/pki.hpp"
#include "storage/data_dir.hpp"
#include "storage/shard_actor.hpp"

namespace troupe::node {

class engine {
 public:
  static result<std::unique_ptr<engine>> start(const config& c);
  ~engine();

  client& get_client() { return runtime_->get_client(); }
  // Who is at the other nodes' edges; null on a node that is alone.
  presence* others_present() { return presence_.get(); }
  caf::actor_system& system() { return *system_; }
  const storage::data_dir& directory() const { return directory_; }
  const pki_files& certificates() const { return pki_; }
  storage::log_writer::statistics writer_stats() const { return writer_->stats(); }
  bool disk_is_low(std::uint64_t now_ms) { return space_->is_low(now_ms); }
  // Renews certificates that are about to expire.
  result<bool> renew_certificates();

  // Others may come, and this node goes to them. Once all handlers of the network are set.
  result<std::optional<listen_address>> start_cluster(std::string client_address, std::int64_t started_us,
                                                      std::function<own_figures()> figures);
  // Null until start_cluster().
  clustering* cluster() { return cluster_.get(); }
  backups& saves() { return *backups_; }
  // The file that `troupectl node invite` writes.
  result<std::string> invitation_for(const invitation_wish& wish) const;

  // Hands every shard that this node leads to another voter, where there is one that can be reached.
  void hand_over(std::chrono::milliseconds deadline);
  // Takes no more commands and waits for those in flight.
  void drain(std::chrono::milliseconds deadline) { runtime_->drain(deadline); }
  // Nothing comes from peers any more.
  void leave_cluster();

 private:
  explicit engine(storage::data_dir directory) : directory_(std::move(directory)) {}
  result<bool> start_shards(const config& c, std::optional<invitation> invited);

  storage::data_dir directory_;
  pki_files pki_;
  std::unique_ptr<storage::kv> store_;
  std::unique_ptr<storage::log_writer> writer_;
  machine_set machines_;
  std::unique_ptr<storage::space_guard> space_;
  std::unique_ptr<storage::digest_worker> digests_;
  std::unique_ptr<actor_config> config_;
  std::unique_ptr<caf::actor_system> system_;
  std::unique_ptr<clustering> cluster_;
  listen_address advertised_;
  caf::actor queries_;
  std::vector<caf::actor> shards_;
  std::unique_ptr<runtime> runtime_;
  std::unique_ptr<presence> presence_;
  std::unique_ptr<backups> backups_;
};

}  // namespace troupe::node
