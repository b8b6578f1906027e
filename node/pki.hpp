// The certificates of mutual TLS between nodes and troupectl, made by the node itself: a CA of the cluster's own,
// the node's certificate, and one for troupectl.
//
//   pki/ca.pem, ca.key                signs the others; 20 years
//   pki/node.pem, node.key            CN and SAN carry the node's id; 2 years, renewed with the same key when less
//                                     than 90 days are left
//   pki/troupectl.pem, troupectl.key  the same for the CLI: who holds them is an administrator
//
// - EC P-256. Keys and the folder are the owner's only (0600, 0700). Files are written whole or not at all.
// - A key is written before its certificate: a key alone is a start that was cut off, and is replaced.
// - Nothing that is there and sound is ever overwritten; what is damaged is named and left for a person.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "protocol/ids.hpp"
#include "protocol/result.hpp"

namespace troupe::node {

struct pki_files {
  std::filesystem::path authority, authority_key;
  std::filesystem::path node, node_key;
  std::filesystem::path client, client_key;

  static pki_files in(const std::filesystem::path& folder);
};

struct pki_owner {
  node_id node;
  std::string_view cluster;  // names the CA
};

// Makes what is missing, renews what is about to expire, checks the rest. 'now_s': seconds since 1970.
result<pki_files> ensure_pki(const std::filesystem::path& folder, const pki_owner& owner, std::int64_t now_s);

std::string node_name(node_id node);  // "node-00f3...": CN of its certificate

}  // namespace troupe::node
