// The TLS connections of this process, as the guard in front of libssl sees them (node/tls_guard.cpp): what CAF hides of
// them. Who is at the other end, by the certificate; who may come in at which port; and cutting a connection.
//
// - On a port with a rule only certificates of that role get through the handshake: nobody else reaches CAF at all.
// - Of those who have not shown a certificate yet at most handshakes_max are kept on such a port: the oldest makes room,
//   so that a crowd of strangers takes neither the descriptors that the store needs nor the place of a node.
// - What is refused is logged in words, once a minute for each address and reason.
// - A descriptor is touched only while its SSL object exists, under the lock: it cannot be another's by then.
// Thread-safe. One for the process, because libssl's functions are.
#pragma once

#include <openssl/ssl.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "protocol/ids.hpp"

namespace troupe::node {

// A node's certificate may serve and connect; an administrator's may only connect.
enum class tls_role : std::uint8_t { none, node, admin };

tls_role role_of(const X509* certificate);
// CN of its subject.
std::string name_in(const X509* certificate);

namespace tls_sessions {

inline constexpr std::size_t handshakes_max = 64;

// The other end of a connection of the process, as seen by the one whose own certificate is named 'own'.
struct endpoint {
  std::string own;      // CN of our certificate
  std::string address;  // numeric, of the other end
  std::uint16_t port = 0;
};

struct peer {
  std::string name;  // CN of its certificate
  tls_role role = tls_role::none;
};

// Who is there. Nothing: no such connection, or its handshake is not over.
std::optional<peer> at(const endpoint& there);
// Why the last connection to there failed, in OpenSSL's words; empty: it did not.
std::string last_failure(const endpoint& there);
// Ends it, in both directions, at once.
void cut(const endpoint& there);
// The owner of the port has spoken with the other end and wants it: sweep() leaves it alone.
void claim(const endpoint& there);

// Only certificates of that role may connect to this port of ours; tls_role::none: the rule ends.
void require(std::uint16_t local_port, tls_role role);
// Cuts connections to a port of ours that are older than this and neither claimed nor past their handshake.
void sweep(std::uint16_t local_port, std::chrono::milliseconds handshake_max,
           std::chrono::milliseconds claim_max);

// For the guard. After SSL_connect, SSL_accept: what they return to their caller.
int connected(SSL* ssl, int outcome) noexcept;
int accepted(SSL* ssl, int outcome) noexcept;
// After SSL_read and SSL_write that failed.
void failed(SSL* ssl, int outcome) noexcept;
void forget(SSL* ssl) noexcept;

}  // namespace tls_sessions
}  // namespace troupe::node
