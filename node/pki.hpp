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
// - ca.key may be taken away, and a founder may begin without it, with what `troupectl cert issue` made: then the node renews
//   nothing, and invitations take their certificates from whoever has the key (`node invite --ca`).
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
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

// Where the authority's key may be: on the node that founded the cluster, unless somebody keeps it off the nodes.
enum class authority_key : std::uint8_t { here, elsewhere };

// Makes what is missing, renews what is about to expire, checks the rest. 'now_s': seconds since 1970.
// With the authority's key elsewhere nothing is made or renewed, only checked.
result<pki_files> ensure_pki(const std::filesystem::path& folder, const pki_owner& owner, std::int64_t now_s,
                             authority_key key = authority_key::here);

// In PEM.
struct issued_certificate {
  std::string certificate, key;
};
struct issued_pki {
  std::string authority;
  issued_certificate node, client;
};
// Certificates for another node of the cluster, and for troupectl there, signed with the authority's key in 'folder'.
result<issued_pki> issue_pki(const std::filesystem::path& folder, node_id node, std::int64_t now_s);
// For one more administrator, named in what nodes log of it.
result<issued_pki> issue_admin_pki(const std::filesystem::path& folder, const std::string& name,
                                   std::int64_t now_s);
// A CA alone, for an operator who keeps its key off the nodes. errc::conflict if there is one.
result<pki_files> make_authority(const std::filesystem::path& folder, std::string_view cluster,
                                 std::int64_t now_s);
// Writes them where ensure_pki() looks. What is there already stays.
result<bool> install_pki(const std::filesystem::path& folder, const issued_pki& issued);

struct certificate_facts {
  std::string name, issuer;  // their CN
  std::string role;          // "authority", "node", "admin", "none"
  std::int64_t begin_s = 0, end_s = 0;
  std::string fingerprint;  // SHA-256, in hexadecimal
};
result<certificate_facts> read_certificate_facts(const std::filesystem::path& certificate);
// When the node's certificate ends, in seconds since 1970; 0: it cannot be read.
std::int64_t certificate_end_s(const std::filesystem::path& certificate);

std::string node_name(node_id node);  // "node-00f3...": CN of its certificate
// The node that the certificates in 'folder' are of; nothing where there are none.
result<std::optional<node_id>> certified_node(const std::filesystem::path& folder);

}  // namespace troupe::node
