// Clears OpenSSL's error queue before each call that reports through SSL_get_error. Linked into executables only.
//
// SSL_get_error looks at the thread's error queue before anything else. caf_openssl serves all peers on one thread and
// does not clear the queue, so that an error of one peer makes the next peer's "try again" look fatal: one bad client
// would drop every good one. These wrappers stand in front of libssl's functions (the executable's symbols win) and
// restore what OpenSSL's manual demands: an empty queue before the call. On their way they tell cluster/tls_sessions of
// each connection, because CAF shows nobody its peer's certificate.
// Thread-safe: the queue is each thread's own.
#include <dlfcn.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <cstdio>
#include <cstdlib>

#include "node/cluster/tls_sessions.hpp"

namespace sessions = troupe::node::tls_sessions;

namespace {

template <class Function>
Function* next(const char* name) noexcept {
  auto* found = reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
  if (!found) {
    std::fprintf(stderr, "troupe: libssl has no %s\n", name);
    std::abort();
  }
  return found;
}

}  // namespace

#pragma GCC visibility push(default)
extern "C" {

int SSL_read(SSL* ssl, void* buffer, int size) {
  static auto* const real = next<decltype(SSL_read)>("SSL_read");
  ERR_clear_error();
  int n = real(ssl, buffer, size);
  if (n <= 0) sessions::failed(ssl, n);
  return n;
}

int SSL_write(SSL* ssl, const void* buffer, int size) {
  static auto* const real = next<decltype(SSL_write)>("SSL_write");
  ERR_clear_error();
  int n = real(ssl, buffer, size);
  if (n <= 0) sessions::failed(ssl, n);
  return n;
}

int SSL_connect(SSL* ssl) {
  static auto* const real = next<decltype(SSL_connect)>("SSL_connect");
  ERR_clear_error();
  return sessions::connected(ssl, real(ssl));
}

int SSL_accept(SSL* ssl) {
  static auto* const real = next<decltype(SSL_accept)>("SSL_accept");
  ERR_clear_error();
  return sessions::accepted(ssl, real(ssl));
}

void SSL_free(SSL* ssl) {
  static auto* const real = next<decltype(SSL_free)>("SSL_free");
  if (ssl) sessions::forget(ssl);
  real(ssl);
}

}  // extern "C"
#pragma GCC visibility pop
