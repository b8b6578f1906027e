// The guard in front of libssl: an error left behind by one connection must not look like another's.
#include <dlfcn.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <csignal>
#include <memory>
#include <utility>
#include <vector>

#include "node/cluster/tls_sessions.hpp"
#include "node/pki.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace troupe;

namespace {

struct free_context {
  void operator()(SSL_CTX* c) const { SSL_CTX_free(c); }
};
struct free_ssl {
  void operator()(SSL* s) const { SSL_free(s); }
};
using ssl_context = std::unique_ptr<SSL_CTX, free_context>;
using ssl_object = std::unique_ptr<SSL, free_ssl>;

struct descriptor {
  explicit descriptor(int of) : fd(of) {}
  descriptor(descriptor&& other) noexcept : fd(std::exchange(other.fd, -1)) {}
  descriptor(const descriptor&) = delete;
  ~descriptor() {
    if (fd >= 0) ::close(fd);
  }
  int fd;
};

// A healthy pair of connections over memory: after the handshake neither has anything to read.
class tls_pair {
 public:
  tls_pair() {
    auto files =
        node::ensure_pki(folder_.path(), {.node = node_id{1}, .cluster = "t"}, ::time(nullptr)).value();
    SSL_use_certificate_file(server.get(), files.node.c_str(), SSL_FILETYPE_PEM);
    SSL_use_PrivateKey_file(server.get(), files.node_key.c_str(), SSL_FILETYPE_PEM);
    BIO *a = nullptr, *b = nullptr;
    BIO_new_bio_pair(&a, 0, &b, 0);
    SSL_set_bio(client.get(), a, a);
    SSL_set_bio(server.get(), b, b);
    for (int step = 0; step < 10; ++step) {
      SSL_connect(client.get());
      SSL_accept(server.get());
    }
    char none;
    SSL_read(client.get(), &none, 1);  // takes the session tickets
  }

 private:
  test::temporary_folder folder_;
  ssl_context context_{SSL_CTX_new(TLS_method())};

 public:
  ssl_object client{SSL_new(context_.get())}, server{SSL_new(context_.get())};
};

void leave_an_error() { ERR_raise(ERR_LIB_SSL, SSL_R_WRONG_VERSION_NUMBER); }

template <class Function>
Function* unguarded(const char* name) {
  void* library = ::dlopen("libssl.so.3", RTLD_NOW | RTLD_NOLOAD);
  REQUIRE(library);
  return reinterpret_cast<Function*>(::dlsym(library, name));
}

}  // namespace

TEST_CASE("tls guard: an error left by another connection does not look like this one's") {
  tls_pair pair;
  REQUIRE(SSL_is_init_finished(pair.client.get()));
  char byte;
  SECTION("without the guard libssl takes it for fatal") {
    leave_an_error();
    int n = unguarded<decltype(SSL_read)>("SSL_read")(pair.client.get(), &byte, 1);
    CHECK(SSL_get_error(pair.client.get(), n) == SSL_ERROR_SSL);
  }
  SECTION("with it reading says: nothing there yet") {
    leave_an_error();
    int n = SSL_read(pair.client.get(), &byte, 1);
    CHECK(SSL_get_error(pair.client.get(), n) == SSL_ERROR_WANT_READ);
  }
  SECTION("with it writing into a full pipe says: later") {
    std::string much(1 << 16, 'x');
    int n = 1;
    for (int i = 0; i < 64 && n > 0; ++i) {
      leave_an_error();
      n = SSL_write(pair.client.get(), much.data(), static_cast<int>(much.size()));
    }
    CHECK(SSL_get_error(pair.client.get(), n) == SSL_ERROR_WANT_WRITE);
  }
  ERR_clear_error();
}

TEST_CASE("tls guard: of strangers who say nothing the oldest makes room") {
  test::temporary_folder folder;
  auto files = node::ensure_pki(folder.path(), {.node = node_id{1}, .cluster = "t"}, ::time(nullptr)).value();
  descriptor door(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in here{};
  here.sin_family = AF_INET;
  here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof here;
  REQUIRE(::bind(door.fd, reinterpret_cast<sockaddr*>(&here), size) == 0);
  REQUIRE(::listen(door.fd, 128) == 0);
  REQUIRE(::getsockname(door.fd, reinterpret_cast<sockaddr*>(&here), &size) == 0);
  auto port = ntohs(here.sin_port);
  node::tls_sessions::require(port, node::tls_role::node);
  ssl_context context(SSL_CTX_new(TLS_method()));
  std::vector<descriptor> strangers, ours;
  std::vector<ssl_object> sessions;
  constexpr std::size_t more = 5;
  for (std::size_t i = 0; i < node::tls_sessions::handshakes_max + more; ++i) {
    strangers.emplace_back(::socket(AF_INET, SOCK_STREAM, 0));
    REQUIRE(::connect(strangers.back().fd, reinterpret_cast<sockaddr*>(&here), size) == 0);
    ours.emplace_back(::accept4(door.fd, nullptr, nullptr, SOCK_NONBLOCK));
    sessions.emplace_back(SSL_new(context.get()));
    SSL_use_certificate_file(sessions.back().get(), files.node.c_str(), SSL_FILETYPE_PEM);
    SSL_use_PrivateKey_file(sessions.back().get(), files.node_key.c_str(), SSL_FILETYPE_PEM);
    SSL_set_fd(sessions.back().get(), ours.back().fd);
    CHECK(SSL_get_error(sessions.back().get(), SSL_accept(sessions.back().get())) == SSL_ERROR_WANT_READ);
  }
  for (std::size_t i = 0; i < strangers.size(); ++i) {
    char byte;
    auto got = ::recv(strangers[i].fd, &byte, 1, MSG_DONTWAIT);
    INFO(i);
    CHECK(got == (i < more ? 0 : -1));  // 0: it is closed
  }
  // Who was sent away does not get in by going on. The node ignores the signal.
  auto before = std::signal(SIGPIPE, SIG_IGN);
  CHECK(SSL_accept(sessions.front().get()) == -1);
  std::signal(SIGPIPE, before);
  ERR_clear_error();
  sessions.clear();
  node::tls_sessions::require(port, node::tls_role::none);
}

TEST_CASE("tls guard: the functions that CAF's library calls are the guarded ones") {
  void* everyone = ::dlsym(RTLD_DEFAULT, "SSL_read");
  CHECK(everyone != reinterpret_cast<void*>(unguarded<decltype(SSL_read)>("SSL_read")));
  for (auto name : {"SSL_write", "SSL_connect", "SSL_accept"})
    CHECK(::dlsym(RTLD_DEFAULT, name) != reinterpret_cast<void*>(unguarded<int()>(name)));
}
