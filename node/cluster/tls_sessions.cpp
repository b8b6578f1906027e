#include "node/cluster/tls_sessions.hpp"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>

#include <map>
#include <mutex>

namespace troupe::node {
namespace {

using clock = std::chrono::steady_clock;
constexpr auto log_again_after = std::chrono::minutes(1);
constexpr std::size_t remembered_max = 1024;

struct connection {
  int fd = -1;
  tls_sessions::endpoint there;
  std::uint16_t local_port = 0;
  bool was_accepted = false, established = false, claimed = false, refused = false;
  clock::time_point since;
  tls_sessions::peer peer;
};

struct table {
  std::mutex mutex;
  std::map<const SSL*, connection> open;
  std::map<std::uint16_t, tls_role> rules;
  std::map<std::string, std::string> failures;      // by own name and endpoint
  std::map<std::string, clock::time_point> logged;  // by address and reason
};

// Never destroyed: connections may outlive static objects.
table& all() {
  static auto* const one = new table;
  return *one;
}

std::string key_of(const tls_sessions::endpoint& e) {
  return e.own + " " + e.address + " " + std::to_string(e.port);
}

bool operator==(const tls_sessions::endpoint& a, const tls_sessions::endpoint& b) {
  return a.port == b.port && a.address == b.address && a.own == b.own;
}

// As CAF writes an address, so that both can be compared.
std::pair<std::string, std::uint16_t> text_of(const sockaddr_storage& a) {
  char text[INET6_ADDRSTRLEN] = "";
  if (a.ss_family == AF_INET) {
    auto& v4 = reinterpret_cast<const sockaddr_in&>(a);
    ::inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
    return {text, ntohs(v4.sin_port)};
  }
  if (a.ss_family == AF_INET6) {
    auto& v6 = reinterpret_cast<const sockaddr_in6&>(a);
    ::inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
    return {text, ntohs(v6.sin6_port)};
  }
  return {};
}

enum class side : std::uint8_t { dialled, accepted };

void note_failure(table& t, const connection& c, const std::string& why) {
  if (!c.was_accepted) {
    if (t.failures.size() >= remembered_max) t.failures.clear();
    t.failures[key_of(c.there)] = why;
    return;
  }
  if (!t.rules.contains(c.local_port)) return;
  auto now = clock::now();
  if (t.logged.size() >= remembered_max) t.logged.clear();
  auto [row, is_new] = t.logged.try_emplace(c.there.address + why, now);
  if (!is_new && now - row->second < log_again_after) return;
  row->second = now;
  spdlog::warn("refused a connection from {} to port {}: {}", c.there.address, c.local_port, why);
}

// Before another one comes in at that port.
void make_room(table& t, std::uint16_t local_port) {
  if (!t.rules.contains(local_port)) return;
  std::size_t waiting = 0;
  connection* oldest = nullptr;
  for (auto& [ssl, c] : t.open) {
    if (!c.was_accepted || c.local_port != local_port || c.established || c.refused) continue;
    ++waiting;
    if (!oldest || c.since < oldest->since) oldest = &c;
  }
  if (waiting < tls_sessions::handshakes_max) return;
  note_failure(t, *oldest, "too many came at once that have not finished the TLS handshake");
  oldest->refused = true;
  ::shutdown(oldest->fd, SHUT_RDWR);
}

// The row of a connection, made when it is seen first. Null: not a connection over a socket.
connection* row_of(table& t, SSL* ssl, side s) {
  if (auto known = t.open.find(ssl); known != t.open.end()) return &known->second;
  int fd = SSL_get_fd(ssl);
  sockaddr_storage there{}, here{};
  socklen_t there_size = sizeof there, here_size = sizeof here;
  if (fd < 0 || ::getpeername(fd, reinterpret_cast<sockaddr*>(&there), &there_size) != 0 ||
      ::getsockname(fd, reinterpret_cast<sockaddr*>(&here), &here_size) != 0)
    return nullptr;
  connection c;
  c.fd = fd;
  std::tie(c.there.address, c.there.port) = text_of(there);
  c.there.own = name_in(SSL_get_certificate(ssl));
  c.local_port = text_of(here).second;
  c.was_accepted = s == side::accepted;
  c.since = clock::now();
  if (c.was_accepted) make_room(t, c.local_port);
  return &t.open.emplace(ssl, std::move(c)).first->second;
}

bool is_fatal(SSL* ssl, int outcome) {
  auto error = SSL_get_error(ssl, outcome);
  return error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE;
}

std::string reason_of(SSL* ssl) {
  if (auto verified = SSL_get_verify_result(ssl); verified != X509_V_OK)
    return std::string("its certificate is not of this cluster's CA (") +
           X509_verify_cert_error_string(verified) + ")";
  auto code = ERR_peek_last_error();
  auto* text = code == 0 ? nullptr : ERR_reason_error_string(code);
  return text ? text : "it closed the connection";
}

const char* words_for(tls_role role) {
  switch (role) {
    case tls_role::node: return "a node";
    case tls_role::admin: return "an administrator";
    default: return "nobody here";
  }
}

// After a handshake that libssl calls good. Empty: it may stay.
std::string objection(table& t, connection& c, SSL* ssl) {
  c.established = true;
  if (auto* theirs = SSL_get0_peer_certificate(ssl)) c.peer = {name_in(theirs), role_of(theirs)};
  if (!c.was_accepted) {
    t.failures.erase(key_of(c.there));
    return {};
  }
  auto rule = t.rules.find(c.local_port);
  if (rule == t.rules.end() || rule->second == c.peer.role) return {};
  return "its certificate (" + c.peer.name + ") is one of " + words_for(c.peer.role) + ", and here only " +
         words_for(rule->second) + " may come in";
}

int refusal() noexcept {
  ERR_raise(ERR_LIB_SSL, SSL_R_CERTIFICATE_VERIFY_FAILED);
  return -1;
}

int after_handshake(SSL* ssl, int outcome, side s) noexcept {
  try {
    auto& t = all();
    std::lock_guard lock(t.mutex);
    auto* c = row_of(t, ssl, s);
    if (c && c->refused) return refusal();
    if (!c || c->established) return outcome;
    if (outcome != 1) {
      // A connection that was opened and closed again without a word: somebody looked whether we listen.
      auto code = ERR_peek_last_error();
      bool knocked = code == 0 || ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
      if (is_fatal(ssl, outcome) && (s == side::dialled || !knocked)) note_failure(t, *c, reason_of(ssl));
      return outcome;
    }
    auto no = objection(t, *c, ssl);
    if (no.empty()) return outcome;
    note_failure(t, *c, no);
    // CAF asks again before it writes, when reading has failed: for libssl the handshake is over.
    c->refused = true;
    ::shutdown(c->fd, SHUT_RDWR);
    return refusal();
  } catch (...) {
    ERR_raise(ERR_LIB_SSL, ERR_R_MALLOC_FAILURE);
    return -1;
  }
}

}  // namespace

tls_role role_of(const X509* certificate) {
  if (!certificate) return tls_role::none;
  auto usage = X509_get_extended_key_usage(const_cast<X509*>(certificate));
  if (usage == UINT32_MAX || !(usage & XKU_SSL_CLIENT)) return tls_role::none;
  return usage & XKU_SSL_SERVER ? tls_role::node : tls_role::admin;
}

std::string name_in(const X509* certificate) {
  char text[128] = "";
  if (certificate)
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, text, sizeof text);
  return text;
}

namespace tls_sessions {

std::optional<peer> at(const endpoint& there) {
  auto& t = all();
  std::lock_guard lock(t.mutex);
  for (auto& [ssl, c] : t.open)
    if (c.established && c.there == there) return c.peer;
  return std::nullopt;
}

std::string last_failure(const endpoint& there) {
  auto& t = all();
  std::lock_guard lock(t.mutex);
  auto found = t.failures.find(key_of(there));
  return found == t.failures.end() ? std::string() : found->second;
}

void cut(const endpoint& there) {
  auto& t = all();
  std::lock_guard lock(t.mutex);
  for (auto& [ssl, c] : t.open)
    if (c.there == there) ::shutdown(c.fd, SHUT_RDWR);
}

void claim(const endpoint& there) {
  auto& t = all();
  std::lock_guard lock(t.mutex);
  for (auto& [ssl, c] : t.open)
    if (c.there == there) c.claimed = true;
}

void require(std::uint16_t local_port, tls_role role) {
  auto& t = all();
  std::lock_guard lock(t.mutex);
  if (role == tls_role::none)
    t.rules.erase(local_port);
  else
    t.rules[local_port] = role;
}

void sweep(std::uint16_t local_port, std::chrono::milliseconds handshake_max,
           std::chrono::milliseconds claim_max) {
  auto& t = all();
  std::lock_guard lock(t.mutex);
  auto now = clock::now();
  for (auto& [ssl, c] : t.open) {
    if (!c.was_accepted || c.local_port != local_port || c.claimed) continue;
    if (now - c.since < (c.established ? claim_max : handshake_max)) continue;
    note_failure(t, c, c.established ? "it did not say who it is" : "it did not finish the TLS handshake");
    ::shutdown(c.fd, SHUT_RDWR);
  }
}

int connected(SSL* ssl, int outcome) noexcept { return after_handshake(ssl, outcome, side::dialled); }
int accepted(SSL* ssl, int outcome) noexcept { return after_handshake(ssl, outcome, side::accepted); }

void failed(SSL* ssl, int outcome) noexcept {
  try {
    if (!is_fatal(ssl, outcome) || ERR_peek_last_error() == 0) return;
    auto& t = all();
    std::lock_guard lock(t.mutex);
    auto found = t.open.find(ssl);
    // Who was let in and goes without TLS's farewell has not been refused.
    if (found != t.open.end() && !(found->second.was_accepted && found->second.established))
      note_failure(t, found->second, reason_of(ssl));
  } catch (...) {  // it was only for the log
  }
}

void forget(SSL* ssl) noexcept {
  auto& t = all();
  std::lock_guard lock(t.mutex);
  t.open.erase(ssl);
}

}  // namespace tls_sessions
}  // namespace troupe::node
