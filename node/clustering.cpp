#include "node/clustering.hpp"

#include <netinet/in.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <unistd.h>

#include <random>

#include "node/version.hpp"

namespace troupe::node {
namespace {

// What was acknowledged since a copy was made is noticed to be missing once this has passed, or a start.
constexpr auto mark_every = std::chrono::minutes(1);

// Port 0: one that is free now. The others are told it before it is listened on, so that it has to be chosen here.
listen_address with_port(listen_address a) {
  if (a.port != 0) return a;
  int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in where{};
  where.sin_family = AF_INET;
  socklen_t size = sizeof where;
  if (fd >= 0 && ::bind(fd, reinterpret_cast<sockaddr*>(&where), size) == 0 &&
      ::getsockname(fd, reinterpret_cast<sockaddr*>(&where), &size) == 0)
    a.port = ntohs(where.sin_port);
  if (fd >= 0) ::close(fd);
  return a;
}

std::vector<peer_address> peers_in(const cluster::cluster_map& map, node_id self) {
  std::vector<peer_address> peers;
  for (const auto& node : map.nodes) {
    if (node.state == cluster::node_state::left || node.facts.id == self) continue;
    if (auto where = parse_listen_address(node.facts.address)) peers.push_back({node.facts.id, *where});
  }
  return peers;
}

}  // namespace

clustering::clustering(caf::actor_system& system, const config& c, const storage::directory_identity& id,
                       kept_map kept, std::optional<invitation> with, storage::kv& store)
    : system_(system),
      config_(c),
      identity_(id),
      kept_(std::move(kept)),
      invitation_(std::move(with)),
      directory_(id.shards) {
  if (!c.cluster_listen) return;
  listen_ = with_port(*c.cluster_listen);
  advertised_ = c.cluster_advertise.value_or(listen_);
  peer_network_config network;
  auto& self = network.self;
  self.node = id.node;
  self.cluster = id.cluster;
  self.version = version_text();
  self.level = behaviour_level();
  self.name = c.node_name;
  self.zone = c.zone;
  self.address = advertised_.text();
  self.client_address = c.http_listen.text();
  if (invitation_ && !kept_.exists()) {
    self.invitation = invitation_->id;
    self.secret = invitation_->secret;
  }
  marks_ = std::make_shared<storage::rollback_guard>(store, id.node, [] {
    std::random_device device;
    return std::uniform_int_distribution<std::uint64_t>(1)(device);
  });
  network.marks = marks_;
  network.listen = listen_;
  network.admit = [this](const peer_hello_facts& who, std::function<void(result<bool>)> decide) {
    admit(who, std::move(decide));
  };
  network_ = std::make_unique<peer_network>(system, std::move(network));
  marks_->on_verdict([this](const std::string& why) { network_->cut_off("this node's " + why); });
  network_->on_peer([this](node_id peer, peer_event what) {
    if (what == peer_event::disconnected) directory_.suspect(peer);
  });
}

clustering::~clustering() { stop(); }

result<std::optional<listen_address>> clustering::start(surroundings around) {
  membership_sources from;
  from.actors = around.actors;
  from.peers = network_.get();
  from.shards = std::move(around.shards);
  from.directory = &directory_;
  from.cluster_id = identity_.cluster;
  from.self = {.id = identity_.node,
               .name = config_.node_name,
               .address = network_ ? advertised_.text() : std::string(),
               .client_address = around.client_address,
               .zone = config_.zone,
               .version = std::string(version_text()),
               .level = behaviour_level()};
  from.started_us = around.started_us;
  from.figures = std::move(around.figures);
  from.marks = marks_;
  if (network_) {
    if (auto why = marks_->verdict(); !why.empty()) {
      spdlog::critical("this node's {}", why);
      network_->cut_off("this node's " + why);
    }
    advance_mark();
    marking_ = std::thread([this] { keep_marking(); });
    auto known = kept_.read();
    if (!known) return known.error();
    from.known = std::move(*known);
  }
  level_->store(from.known.level);
  from.map_changed = [this](const cluster::cluster_map& map) {
    level_->store(map.level);
    reach(map);
  };
  // Until there is a map: that tells membership whom to reach.
  if (network_ && invitation_ && from.known.version == 0) network_->set_peers(invitation_->peers);
  membership_ = std::make_unique<membership>(system_, std::move(from));
  if (!network_) return std::optional<listen_address>();
  auto at = network_->start();
  if (!at) return at.error();
  return std::optional(*at);
}

void clustering::advance_mark() {
  if (auto marked = marks_->advance(); !marked)
    spdlog::warn(
        "the data directory got no new mark: {}. Until it does, it would not be noticed that it was put back",
        marked.error().detail);
}

void clustering::keep_marking() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, mark_every, [this] { return ending_; })) {
    lock.unlock();
    advance_mark();
    lock.lock();
  }
}

void clustering::stop() {
  {
    std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_all();
  if (marking_.joinable()) marking_.join();
  if (network_) network_->stop();
  membership_.reset();
}

std::vector<peer_status> clustering::peer_states() const {
  return network_ ? network_->status() : std::vector<peer_status>();
}

std::vector<std::string> clustering::refusals() const {
  std::vector<std::string> out;
  if (!marks_ || !membership_) return out;
  auto map = membership_->map();
  for (const auto& [node, why] : marks_->refused()) {
    auto* known = map.find(node);
    if (known && known->state != cluster::node_state::left)
      out.push_back("node " + known->facts.name + " is refused: its " + why);
  }
  return out;
}

void clustering::admit(const peer_hello_facts& who, std::function<void(result<bool>)> decide) {
  cluster::node_facts facts{.id = who.from.node,
                            .name = who.from.name,
                            .address = who.from.address,
                            .client_address = who.from.client_address,
                            .zone = who.from.zone,
                            .version = who.from.version,
                            .level = who.from.level};
  std::optional<shown_invitation> shown;
  if (!who.secret_hash.empty()) shown = {who.from.invitation, who.secret_hash};
  membership_->admit(facts, shown, [decide = std::move(decide)](result<cluster::cluster_map> outcome) {
    if (outcome)
      decide(true);
    else
      decide(outcome.error());
  });
}

std::vector<peer_address> clustering::known_peers() const {
  std::vector<peer_address> all{{identity_.node, advertised_}};
  auto others = peers_in(membership_->map(), identity_.node);
  all.insert(all.end(), others.begin(), others.end());
  return all;
}

// Called on the membership actor's thread, with every newer map.
void clustering::reach(const cluster::cluster_map& map) {
  // One restored from a backup is of nodes that are strangers here.
  if (!network_ || !map.find(identity_.node)) return;
  auto kept = kept_.write(map);
  if (!kept) spdlog::warn("the cluster's map was not kept: {}", kept.error().detail);
  for (const auto& node : map.nodes)
    if (node.state == cluster::node_state::left) marks_->forget(node.facts.id);
  network_->forget_invitation();
  network_->set_peers(peers_in(map, identity_.node));
}

}  // namespace troupe::node
