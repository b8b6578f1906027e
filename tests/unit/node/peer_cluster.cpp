#include "tests/unit/node/peer_cluster.hpp"

#include <filesystem>

#include "tests/support/edge_fixture.hpp"

namespace troupe::test {
namespace fs = std::filesystem;

peer_cluster::~peer_cluster() {
  for (auto& [id, n] : nodes_) stop(id);
}

node::pki_files peer_cluster::pki(std::uint64_t id) {
  auto folder = folder_.path() / std::to_string(id);
  auto files = node::pki_files::in(folder);
  auto ca = node::pki_files::in(folder_.path() / "ca");
  auto now_s = ::time(nullptr);
  if (!fs::exists(ca.authority))
    must(static_cast<bool>(
             node::ensure_pki(folder_.path() / "ca", {.node = node_id{0xffff}, .cluster = name}, now_s)),
         "a CA can be made");
  if (!fs::exists(files.authority)) {
    fs::create_directories(folder);
    fs::copy_file(ca.authority, files.authority);
    fs::copy_file(ca.authority_key, files.authority_key);
  }
  return *node::ensure_pki(folder, {.node = node_id{id}, .cluster = name}, now_s);
}

node::peer_network& peer_cluster::add(std::uint64_t id, node::admission admit, const node::peer_self& more) {
  auto files = pki(id);
  auto& n = nodes_[id];
  n.config = std::make_unique<node::actor_config>(
      2, node::tls_identity{files.authority, files.node, files.node_key});
  n.system = std::make_unique<caf::actor_system>(*n.config);
  node::peer_network_config c;
  c.self = more;
  c.self.node = node_id{id};
  if (c.self.cluster.empty()) c.self.cluster = name;
  c.self.version = "test";
  c.self.level = 1;
  c.listen = n.address;
  c.admit = std::move(admit);
  n.net = std::make_unique<node::peer_network>(*n.system, std::move(c));
  return *n.net;
}

void peer_cluster::start() {
  for (auto& [id, n] : nodes_) {
    if (n.running) continue;
    n.address = n.net->start().value();
    n.running = true;
  }
  introduce();
}

void peer_cluster::start(std::uint64_t id) {
  auto& n = nodes_.at(id);
  n.address = n.net->start().value();
  n.running = true;
  introduce();
}

void peer_cluster::introduce() {
  std::vector<node::peer_address> all;
  for (auto& [id, n] : nodes_)
    if (n.address.port != 0) all.push_back({node_id{id}, n.address});
  for (auto& [id, n] : nodes_)
    if (n.running) n.net->set_peers(all);
}

void peer_cluster::stop(std::uint64_t id) {
  auto& n = nodes_.at(id);
  if (n.net) n.net->stop();
  n.running = false;
  n.net.reset();
  n.system.reset();
  n.config.reset();
}

bool peer_cluster::all_connected() {
  return testing::until([&] {
    for (auto& [a, x] : nodes_)
      for (auto& [b, y] : nodes_)
        if (a != b && x.running && y.running && !x.net->is_connected(node_id{b})) return false;
    return true;
  });
}

}  // namespace troupe::test
