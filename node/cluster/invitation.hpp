// What a new node needs to join a cluster, in one file of the owner's only (JSON): which cluster, who the node is there, its
// certificates, the nodes it can reach, and the secret that lets it in once. Written by `troupectl node invite`, read by the
// setting `join` in an empty data directory. Who has the file before the node does can join in its place: it is a key.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "node/cluster/peer_network.hpp"
#include "node/pki.hpp"
#include "protocol/ids.hpp"
#include "protocol/result.hpp"

namespace troupe::node {

struct invitation {
  std::string cluster;  // UUID
  node_id node;
  std::string name, address;  // of the new node
  std::uint16_t shards = 0;
  epoch history;
  std::vector<peer_address> peers;
  std::string id, secret;
  std::int64_t expires_us = 0;
  std::string authority;                       // PEM, as the four below
  std::string certificate, key;                // of the node
  std::string client_certificate, client_key;  // of troupectl
};

std::string to_text(const invitation& i);
// Puts certificates into one that was made where the CA's key is not: another node signs nothing.
result<std::string> with_certificates(std::string_view text, const issued_pki& issued);
// Failures name 'source' and say what to do. One that has expired can be read: the cluster refuses it.
result<invitation> parse_invitation(std::string_view text, std::string_view source);
result<invitation> load_invitation(const std::filesystem::path& file);
// Where `troupectl node join` leaves it for the node that will start on that directory.
std::filesystem::path waiting_invitation(const std::filesystem::path& data_dir);

}  // namespace troupe::node
