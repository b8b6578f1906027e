#include "node/clustering.hpp"

#include <netinet/in.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <unistd.h>

#include "node/version.hpp"

namespace troupe::node {
namespace {

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
                       kept_map kept, std::optional<invitation> with)
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
  self.version = version_text;
  self.level = behaviour_level;
  self.name = c.node_name;
  self.zone = c.zone;
  self.address = advertised_.text();
  self.client_address = c.http_listen.text();
  if (invitation_ && !kept_.exists()) {
    self.invitation = invitation_->id;
    self.secret = invitation_->secret;
  }
  network.listen = listen_;
  network.admit = [this](const peer_hello_facts& who, std::function<void(result<bool>)> decide) {
    admit(who, std::move(decide));
  };
  network_ = std::make_unique<peer_network>(system, std::move(network));
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
               .version = std::string(version_text),
               .level = behaviour_level};
  from.started_us = around.started_us;
  from.figures = std::move(around.figures);
  if (network_) {
    auto known = kept_.read();
    if (!known) return known.error();
    from.known = std::move(*known);
  }
  from.map_changed = [this](const cluster::cluster_map& map) { reach(map); };
  // Until there is a map: that tells membership whom to reach.
  if (network_ && invitation_ && from.known.version == 0) network_->set_peers(invitation_->peers);
  membership_ = std::make_unique<membership>(system_, std::move(from));
  if (!network_) return std::optional<listen_address>();
  auto at = network_->start();
  if (!at) return at.error();
  return std::optional(*at);
}

void clustering::stop() {
  if (network_) network_->stop();
  membership_.reset();
}

std::vector<peer_status> clustering::peer_states() const {
  return network_ ? network_->status() : std::vector<peer_status>();
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
  network_->forget_invitation();
  network_->set_peers(peers_in(map, identity_.node));
}

}  // namespace troupe::node
